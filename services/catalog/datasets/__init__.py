"""Datasets: what is said of them, their versions, and what their owners do with them."""
