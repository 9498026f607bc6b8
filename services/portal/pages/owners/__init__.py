"""What the owners of data decide of it for good: whether a result is opened, how data ends."""
