"""Workshops: announced by the staff, registered for by members and, where it may, anybody."""
