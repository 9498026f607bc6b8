"""Compares two tables: which columns, rows and figures of the second are not those of the first."""
