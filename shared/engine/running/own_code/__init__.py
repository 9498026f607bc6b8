"""Runs holders' own code: in a process of its own, which sees its tables and its folder alone."""
