"""Cleans the cells and rows of a table."""
