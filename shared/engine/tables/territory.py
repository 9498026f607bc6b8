"""French territories by INSEE code: departments (`14`, `2A`, `971`) and communes (`14118`).

Source: INSEE, code officiel geographique: a commune's code starts with its department's. Where a
body of communes (EPCI) is a place too, its SIREN (`200065597`) is its code.
"""

import re
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from stdnum.fr import siren

from shared.places.names import codes_of

_METROPOLITAN = r"(?:0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])"
_OVERSEAS = r"97[1-6]"
_CODE = re.compile(rf"(?:{_METROPOLITAN}(?:\d{{3}})?|{_OVERSEAS}(?:\d{{2}})?)", re.ASCII)
_EPCI = re.compile(r"2\d{8}", re.ASCII)


def _known(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise ValueError(
            "n'est pas le code INSEE d'un département (14, 2A, 971) ou d'une commune (14118)"
        )
    return code


Territory = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"pattern": f"^{_CODE.pattern}$"})
]
"""A department or commune code."""


def _known_place(code: str) -> str:
    if not (is_epci(code) and siren.is_valid(code)) and not _CODE.fullmatch(code):
        raise ValueError(
            "n'est le code INSEE ni d'un département (14, 2A, 971) ni d'une commune (14118), "
            "ni le SIREN d'un EPCI (200065597)"
        )
    return code


Place = Annotated[
    str,
    AfterValidator(_known_place),
    Field(json_schema_extra={"pattern": f"^(?:{_CODE.pattern}|{_EPCI.pattern})$"}),
]
"""A department or commune code, or the SIREN of an EPCI."""


_MOST = 5000
"""Places that are looked for by their names at most, of one list."""


def _spread(names: Any, *, takes_epci: bool) -> Any:  # noqa: ANN401 - whatever was sent
    """Replace place names by codes, each once; unknown names stay, to be checked as codes."""
    if not isinstance(names, list | tuple) or len(names) > _MOST:
        return names
    codes: list[Any] = []
    for name in names:
        is_name = isinstance(name, str) and name.strip()[:1].isalpha()
        codes += codes_of(name.strip(), takes_epci=takes_epci) if is_name else [name]
    return list(dict.fromkeys(codes)) if all(isinstance(code, str) for code in codes) else codes


Territories = Annotated[tuple[Territory, ...], BeforeValidator(partial(_spread, takes_epci=False))]
"""Departments and communes, by code or by name; of a region its departments, of an EPCI its
communes."""

Places = Annotated[tuple[Place, ...], BeforeValidator(partial(_spread, takes_epci=True))]
"""The same, where an EPCI is a place of its own."""


def is_epci(code: str) -> bool:
    """Whether a code is the SIREN of a public body: an EPCI, where it names a place."""
    return bool(_EPCI.fullmatch(code))


def department_of(code: str) -> str:
    """Return the department of a code; an EPCI, which may lie in two, stays itself."""
    if is_epci(code):
        return code
    return code[:3] if code.startswith("97") else code[:2]


def is_department(code: str) -> bool:
    """Whether a code names a department rather than a commune."""
    return code == department_of(code) and not is_epci(code)


def within(code: str, other: str) -> bool:
    """Whether the place `code` is `other` or lies in it."""
    return other in {code, department_of(code)}


def common(codes: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return the narrower code of each pair of overlapping places, sorted, each once."""
    held = tuple(others)
    narrower = {
        code if within(code, other) else other
        for code in codes
        for other in held
        if within(code, other) or within(other, code)
    }
    return tuple(sorted(narrower))


def kind_of(code: str) -> str:
    """Return the kind of place that a code names, in French."""
    if is_epci(code):
        return "EPCI"
    return "département" if is_department(code) else "commune"
