"""Makes the rows of a crossing, of keys whose meetings are known."""
