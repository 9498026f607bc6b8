"""French territories by INSEE code: departments (`14`, `2A`, `971`) and communes (`14118`).

Source: INSEE, code officiel geographique: a commune's code starts with its department's.
"""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

_METROPOLITAN = r"(?:0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])"
_OVERSEAS = r"97[1-6]"
_CODE = re.compile(rf"(?:{_METROPOLITAN}(?:\d{{3}})?|{_OVERSEAS}(?:\d{{2}})?)", re.ASCII)


def _known(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise ValueError("is not the INSEE code of a department (14, 2A, 971) or a commune (14118)")
    return code


Territory = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"pattern": f"^{_CODE.pattern}$"})
]
"""A department or commune code."""


def department_of(code: str) -> str:
    """The department that a code names or lies in."""
    return code[:3] if code.startswith("97") else code[:2]


def is_department(code: str) -> bool:
    """Whether a code names a department rather than a commune."""
    return code == department_of(code)


def within(code: str, other: str) -> bool:
    """Whether the place `code` is `other` or lies in it."""
    return other in {code, department_of(code)}


def common(codes: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The narrower code of every pair of overlapping places, sorted, each once."""
    held = tuple(others)
    narrower = {
        code if within(code, other) else other
        for code in codes
        for other in held
        if within(code, other) or within(other, code)
    }
    return tuple(sorted(narrower))


def in_french(codes: Iterable[str]) -> str:
    """Codes as a holder reads them: `départements 14, 27 et 76, commune 50129`."""
    kinds: dict[str, list[str]] = {"département": [], "commune": []}
    for code in codes:
        kinds["département" if is_department(code) else "commune"].append(code)
    return ", ".join(_enumerated(kind, found) for kind, found in kinds.items() if found)


def _enumerated(kind: str, codes: list[str]) -> str:
    if len(codes) == 1:
        return f"{kind} {codes[0]}"
    return f"{kind}s {', '.join(codes[:-1])} et {codes[-1]}"
