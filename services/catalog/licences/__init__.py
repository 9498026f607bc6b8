"""Licences of open data, and which of them may be crossed."""
