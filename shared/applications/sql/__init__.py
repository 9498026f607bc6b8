"""SQL that people write: what may stand in it, which columns it reads and what it makes of them."""

MOST_CHARACTERS = 20_000
"""How long a query may be."""

OTHERS = "(autres colonnes)"
"""Stands for the columns of a result whose names only the run tells."""
