"""Changes the cells of a table: cleans them by operations in order, or hides whose they are."""
