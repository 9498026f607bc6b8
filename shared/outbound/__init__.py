"""Calls to addresses that others name: none reaches the lab's own network."""
