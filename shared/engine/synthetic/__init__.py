"""Invents rows of tables whose own rows stay closed: for trials, from what everybody may know."""
