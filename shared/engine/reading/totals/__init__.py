"""Rows that sum others: found when a file is taken in, so that nobody counts them twice."""
