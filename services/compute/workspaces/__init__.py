"""Workspaces: whether a project may compute, on which data, and how much."""
