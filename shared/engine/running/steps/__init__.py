"""The steps of treatments: what the applications do."""
