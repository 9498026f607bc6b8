"""French: words as they are compared, what people read, and what codes are called."""
