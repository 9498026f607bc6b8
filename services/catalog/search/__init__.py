"""Full-text search of the catalogue in French: the only package that knows tantivy."""
