"""Draws a table as bars, lines or points."""
