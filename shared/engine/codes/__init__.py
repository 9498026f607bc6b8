"""Official codes of France, which years they are of, and which other codes they lead to."""
