"""Places the rows of a table: reads how positions are written, and looks them up."""
