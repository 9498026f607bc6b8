"""Writes a page about the whole treatment."""
