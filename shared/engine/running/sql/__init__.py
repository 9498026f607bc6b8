"""SQL that people write, in DuckDB: what may stand in it, its types, and what is wrong with it."""
