"""Confines a job and watches it: what it sees, may call and may use, and how it ended."""
