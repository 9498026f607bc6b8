"""Reads the pages of other catalogues."""
