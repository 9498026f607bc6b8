"""Cleans a table by operations in order, each of which says what it changed."""
