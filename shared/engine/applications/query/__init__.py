"""Runs a SQL query of a holder."""
