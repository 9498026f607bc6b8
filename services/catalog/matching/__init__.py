"""Which datasets fit a project, and what of its plans cannot be read."""
