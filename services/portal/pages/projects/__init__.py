"""The life of a project: what it asks, its treatment, its review, and its result."""
