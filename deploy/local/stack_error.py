"""What a person is told when the local stack cannot do what was asked."""


class StackError(Exception):
    """One sentence that says what is in the way and what to do about it."""
