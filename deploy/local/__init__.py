"""The embedded stack: every server and service on one machine, as an ordinary user."""


class StackError(Exception):
    """One sentence that says what is in the way of the stack and what to do about it."""
