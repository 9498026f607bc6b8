"""Reads files into tables, and knows what their columns hold."""
