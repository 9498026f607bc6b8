"""Draws the figures of areas on a map."""
