"""Crosses two tables by their keys."""
