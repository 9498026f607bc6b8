"""What a table tells about persons."""
