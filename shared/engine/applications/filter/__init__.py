"""Keeps the rows of a table whose value in a column is, or is not, or is beyond a given one."""
