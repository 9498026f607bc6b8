"""Runs a holder's own Python code."""
