"""What communes were called that are gone or renamed since 1943, with the commune they are in."""

from collections.abc import Iterable, Iterator, Mapping

from deploy.cog.place_names import Row
from deploy.cog.territory_history import Edition, Entry, Places
from shared.language.folding import fold

FORMER_HEADER = "name;code;commune"

_DISTRICT = "arrondissement-municipal"


def former_names(
    editions: Iterable[Edition], now: Places, present_names: Iterable[Row]
) -> Iterator[tuple[str, str, str]]:
    """Yield each former name once, with its former code and the present commune of that code.

    `now` maps every code to its present commune; `present_names` are the rows of the names of
    today, which are left out.
    """
    seen = {
        (str(code), fold(str(name))) for kind, code, name, *_ in present_names if kind == "commune"
    }
    for entry in _entries(editions):
        name, code = str(entry["nom"]), str(entry["code"])
        commune = now.get(code)
        if commune and (commune, fold(name)) not in seen:
            seen.add((commune, fold(name)))
            yield name, code, commune


def _entries(editions: Iterable[Edition]) -> Iterator[Entry]:
    entries: Iterable[Mapping[str, object]] = (
        entry for edition in editions for entry in (*edition.communes, *edition.history)
    )
    yield from (entry for entry in entries if entry.get("type") != _DISTRICT)
