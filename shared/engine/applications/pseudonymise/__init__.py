"""Replaces what names persons by pseudonyms."""
