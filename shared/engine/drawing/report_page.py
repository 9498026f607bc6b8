"""Writes a report as one French HTML page that opens offline, asks nobody for anything, and prints.

All that stands in it is escaped; it has no script, and its policy lets none run and nothing load.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from shared.catalogues.licence_titles import TITLES
from shared.engine.drawing.french_labels import (
    are_years,
    digits_of,
    drawable,
    french_cell,
    french_number,
)
from shared.engine.tables.manifest import Input
from shared.engine.tables.provenance_sentences import moment
from shared.language.french import counted, day_in_paris, french_date, quoted

_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_ORPHANS = 20


class Picture(NamedTuple):
    """A chart or a map in a file, what is seen on it, and what is said under it."""

    title: str
    text: str
    path: Path
    notes: Sequence[str] = ()


class TableRows(NamedTuple):
    """The first rows of a table that has `total`."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    total: int


class DoneStep(NamedTuple):
    """A step as it was asked for, what its application is called, and its report."""

    title: str
    output: str
    parameters: Mapping[str, Any]
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Contents:
    """What a report is made of.

    `head` is what has to be read before all else, in French; `provenance` says for whom and why it
    was made, and by which grants.
    """

    title: str
    question: str
    sources: Sequence[Input]
    steps: Sequence[DoneStep]
    pictures: Sequence[Picture]
    table: TableRows
    made_at: datetime
    software: Mapping[str, str]
    head: Sequence[str] = ()
    provenance: Sequence[str] = ()


class _Table(NamedTuple):
    """A table with its caption."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @property
    def digits(self) -> list[int | None]:
        """How many decimals all numbers of a column have; None for years."""
        return [_digits([row[at] for row in self.rows]) for at in range(len(self.head))]


def page_of(contents: Contents) -> str:
    """Return the whole page."""
    return _TEMPLATES.get_template("report_page.html").render(
        contents=contents,
        style_hash=b64encode(sha256(_STYLE.encode()).digest()).decode(),
        sources=_sources(contents.sources),
        crossings=[_crossing(step) for step in contents.steps if "keys" in step.report],
        warnings=_warnings(contents.steps),
        result=_result(contents.table),
        tables_read=_tables_read(contents.sources),
    )


def _sources(sources: Iterable[Input]) -> _Table:
    """Return the table of data; a column in which nothing stands is left out."""
    rows = [
        {
            "Titre": source.title or source.name,
            "Version": str(source.version),
            "Licence": TITLES.get(source.licence, source.licence) or "non précisée",
            "Mention à publier": source.attribution or "non précisée",
            "Accordé pour": source.purpose,
            "Conditions": " ; ".join(source.conditions),
        }
        for source in sources
    ]
    head = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    cells = [[row[name] for name in head] for row in rows]
    return _Table("Jeux de données lus par le traitement", head, cells)


_PARTS = {
    "found": "trouvées telles quelles",
    "succeeded": "trouvées par la commune qui leur succède",
    "unmatched": "sans correspondance",
}


def _crossing(step: DoneStep) -> dict[str, Any]:
    report = step.report
    weight = report.get("weight") or "lignes"
    rows = [
        [label, part["keys"], part["rows"], part["weight"], french_number(100 * part["share"], "%")]
        for name, label in _PARTS.items()
        if (part := report["keys"].get(name))
    ]
    head = ("Clés", "Clés différentes", "Lignes", f"Poids ({weight})", "Part du poids")
    tables = [_Table(f"Clés de la table principale ({step.output})", head, rows)]
    orphans = [orphan for orphan in report.get("orphans", ()) if not orphan.get("crossed")]
    if orphans:
        listed = [
            [
                "(masquée)" if orphan["key"] is None else orphan["key"] or "(vide)",
                orphan["rows"],
                orphan["weight"],
            ]
            for orphan in orphans[:_ORPHANS]
        ]
        more = f", les {_ORPHANS} plus lourdes" if len(orphans) > _ORPHANS else ""
        columns = ("Clé", "Lignes", f"Poids ({weight})")
        tables.append(_Table(f"Clés sans correspondance{more}", columns, listed))
    return {"sentence": _sentence(report), "tables": tables}


def _sentence(report: Mapping[str, Any]) -> str:
    summary = str(report.get("summary", ""))
    return f"{summary[:1].upper()}{summary[1:]}." if summary else ""


def _warnings(steps: Iterable[DoneStep]) -> list[str]:
    sentences = [
        str(warning["told"]) for step in steps for warning in step.report.get("warnings", ())
    ]
    sentences += [str(step.report["warning"]) for step in steps if step.report.get("warning")]
    return list(dict.fromkeys(sentences))


def _result(table: TableRows) -> _Table:
    caption = counted(table.total, "ligne", "lignes").replace(
        str(table.total), french_number(table.total), 1
    )
    if len(table.rows) < table.total:
        caption = (
            f"{french_number(len(table.rows))} premières lignes sur {french_number(table.total)} ;"
            " le fichier du résultat les a toutes"
        )
    return _Table(f"Table du résultat : {caption}", table.columns, table.rows)


_UNTOLD = "non communiquée : données restreintes"


def _tables_read(sources: Iterable[Input]) -> _Table:
    hashes = [
        [source.title or source.name, str(source.version), source.sha256 or _UNTOLD]
        for source in sources
    ]
    head = ("Jeu de données", "Version", "Empreinte SHA-256 de la table")
    return _Table("Tables lues", head, hashes)


def _digits(values: Iterable[Any]) -> int | None:
    """Return how many decimals a column of numbers needs; None for years."""
    numbers = [number for number in values if _is_number(number)]
    if numbers and all(isinstance(number, int) for number in numbers) and are_years(numbers):
        return None
    return max((digits_of(float(number)) for number in numbers), default=0)


def _is_number(value: Any) -> bool:  # noqa: ANN401 - whatever a table holds
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _cell(value: Any, digits: int | None) -> str:  # noqa: ANN401 - whatever a table holds
    if not _is_number(value):
        return french_cell(value)
    return str(value) if digits is None else french_number(value, digits=digits)


def _data_url(path: Path) -> str:
    return f"data:{_MEDIA_TYPES[path.suffix]};base64,{b64encode(path.read_bytes()).decode()}"


def _escape(value: object) -> Markup:
    """Escape what the template shows, without what no page may hold."""
    return value if isinstance(value, Markup) else Markup(escape(drawable(str(value))))  # noqa: S704


_FOLDER = Path(__file__).parent
_STYLE = (_FOLDER / "report_page.css").read_text()
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    finalize=_escape,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters |= {
    "cell": _cell,
    "data_url": _data_url,
    "day": lambda at: french_date(day_in_paris(at)),
    "moment": moment,
    "quoted": quoted,
    "sentence": _sentence,
    "settings": partial(json.dumps, ensure_ascii=False, indent=1),
}
_TEMPLATES.tests["numeric"] = _is_number
