"""Who asks by RPC."""

from shared.auth import Caller

INSIDE = Caller("", frozenset({"operator"}))
"""A service or partner that the broker lets in."""
