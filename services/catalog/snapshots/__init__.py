"""Saved indexes: where each lies, and files of them that are written and read line by line."""
