"""Sandboxes that wait for jobs, forked from a process that has loaded what jobs work with."""
