"""What a reviewer reads of a result of restricted data: rules for its figures, and what to mask."""
