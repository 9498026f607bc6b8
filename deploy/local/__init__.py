"""The embedded stack: every server and service on one machine, as an ordinary user."""
