"""Members who leave: what ends with them, and their erasure, with its receipt."""
