"""Why code gave nothing that can be kept.

Its reasons are named and not worded here: whatever stands around the code, it could have written.
"""


class Unusable(Exception):
    """What the code returned cannot be kept, for a reason that FAULTS of `left.py` words."""

    def __init__(self, fault: str, name: object = "") -> None:
        super().__init__(fault)
        self.fault, self.name = fault, str(name)


class CellFailed(Exception):
    """A cell of a notebook raised; `cell` and `line` count from 1."""

    def __init__(self, cell: int, line: int, kind: str, text: str, trace: str) -> None:
        super().__init__(text)
        self.cell, self.line, self.kind, self.text, self.trace = cell, line, kind, text, trace
