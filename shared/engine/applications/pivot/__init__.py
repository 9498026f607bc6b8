"""Turns rows into columns, or columns into rows."""
