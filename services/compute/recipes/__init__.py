"""Treatments that others can use again: named, versioned, with parameters."""
