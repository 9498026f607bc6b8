"""Lists of valid official codes; see README.md for source and licence."""
