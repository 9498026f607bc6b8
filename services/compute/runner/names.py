"""Names of columns and text inside SQL: nothing untrusted stands there unquoted."""

from collections.abc import Iterable


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """`names`, with `_2`, `_3`... where one repeats another; case makes no difference in SQL."""
    seen = {name.lower() for name in taken}
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate.lower())
        result.append(candidate)
    return result
