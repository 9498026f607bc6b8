"""Delivered services that stay alive: when their results are made anew, and when they end."""
