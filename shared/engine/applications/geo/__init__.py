"""Places the rows of a table on the map."""
