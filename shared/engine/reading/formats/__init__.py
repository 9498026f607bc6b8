"""Reads files of all formats into tables of text."""
