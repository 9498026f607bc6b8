"""Writes a report as one French HTML page that opens offline, asks nobody for anything, and prints.

All that stands in it is escaped; it has no script, and its policy lets none run and nothing load.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from html import escape as escaped
from pathlib import Path
from typing import Any, NamedTuple

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
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 62rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 2px solid #005a8c; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; overflow-wrap: normal; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { border: 1px solid #767676; padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { background: #eef3f7; } .number { text-align: right; white-space: nowrap; }
.warning { border-left: .4rem solid #b34000; padding-left: .8rem; }
code, pre { font-size: .85rem; white-space: pre-wrap; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .wide { overflow: visible; }
  table { overflow-wrap: anywhere; }
  h2, caption { break-after: avoid; } figure, tr, img { break-inside: avoid; }
  thead { display: table-header-group; } img { max-height: 22cm; } }
"""
_POLICY = (
    "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src"
    f" 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)


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


def page_of(contents: Contents) -> str:
    """Return the whole page."""
    crossings = (_crossing(step) for step in contents.steps if "keys" in step.report)
    sections = (
        ("Question", _paragraphs(contents.question)),
        ("Données utilisées", _sources(contents.sources)),
        ("Ce qui s'est rencontré, et ce qui manque", "".join(crossings)),
        ("À savoir", _warnings(contents.steps)),
        (
            "Résultat",
            "".join(_figure(picture) for picture in contents.pictures) + _rows(contents.table),
        ),
        ("Provenance", _provenance(contents)),
    )
    body = "\n".join(
        f"<section>\n<h2>{escape(title)}</h2>\n{inner}\n</section>"
        for title, inner in sections
        if inner
    )
    title = escape(contents.title)
    head = "".join(f'<p class="warning">{escape(sentence)}</p>\n' for sentence in contents.head)
    return f"""<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>Rapport établi le {french_date(day_in_paris(contents.made_at))}.</p>
{head}{body}
</main>
</body>
</html>
"""


def escape(text: str) -> str:
    """Escape a text for HTML."""
    return escaped(drawable(text))


def _paragraphs(text: str) -> str:
    parts = (part.strip() for part in text.split("\n"))
    return "\n".join(f"<p>{escape(part)}</p>" for part in parts if part)


def _sources(sources: Iterable[Input]) -> str:
    rows = [
        [
            source.title or source.name,
            str(source.version),
            TITLES.get(source.licence, source.licence) or "non précisée",
            source.attribution or "non précisée",
            source.purpose,
            " ; ".join(source.conditions),
        ]
        for source in sources
    ]
    head = ("Titre", "Version", "Licence", "Mention à publier", "Accordé pour", "Conditions")
    filled = [at for at in range(len(head)) if any(row[at] for row in rows)]
    filled_cells = [[row[at] for at in filled] for row in rows]
    caption = "Jeux de données lus par le traitement"
    return _table(caption, [head[at] for at in filled], filled_cells) if rows else ""


_PARTS = {
    "found": "trouvées telles quelles",
    "succeeded": "trouvées par la commune qui leur succède",
    "unmatched": "sans correspondance",
}


def _crossing(step: DoneStep) -> str:
    report = step.report
    weight = report.get("weight") or "lignes"
    rows = [
        [label, part["keys"], part["rows"], part["weight"], french_number(100 * part["share"], "%")]
        for name, label in _PARTS.items()
        if (part := report["keys"].get(name))
    ]
    head = ("Clés", "Clés différentes", "Lignes", f"Poids ({weight})", "Part du poids")
    met = _table(f"Clés de la table principale ({step.output})", head, rows)
    orphans = [orphan for orphan in report.get("orphans", ()) if not orphan.get("crossed")]
    if not orphans:
        return f"<p>{escape(_sentence(report))}</p>\n{met}"
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
    lacking = _table(f"Clés sans correspondance{more}", columns, listed)
    return f"<p>{escape(_sentence(report))}</p>\n{met}\n{lacking}"


def _sentence(report: Mapping[str, Any]) -> str:
    summary = str(report.get("summary", ""))
    return f"{summary[:1].upper()}{summary[1:]}." if summary else ""


def _warnings(steps: Iterable[DoneStep]) -> str:
    sentences = [
        str(warning["told"]) for step in steps for warning in step.report.get("warnings", ())
    ]
    sentences += [str(step.report["warning"]) for step in steps if step.report.get("warning")]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in dict.fromkeys(sentences))
    return f'<ul class="warning">{items}</ul>' if items else ""


def _figure(picture: Picture) -> str:
    kind = _MEDIA_TYPES[picture.path.suffix]
    data = b64encode(picture.path.read_bytes()).decode()
    return (
        f'<figure>\n<img src="data:{kind};base64,{data}" alt="{escape(picture.text)}">\n'
        f"<figcaption><strong>{escape(picture.title)}</strong>"
        f"{''.join(f'<br>{escape(note)}' for note in picture.notes)}</figcaption>\n</figure>\n"
    )


def _rows(table: TableRows) -> str:
    caption = counted(table.total, "ligne", "lignes").replace(
        str(table.total), french_number(table.total), 1
    )
    if len(table.rows) < table.total:
        caption = (
            f"{french_number(len(table.rows))} premières lignes sur {french_number(table.total)} ;"
            " le fichier du résultat les a toutes"
        )
    return _table(f"Table du résultat : {caption}", table.columns, table.rows)


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table with its caption; a column's numbers have the same number of decimals."""
    digits = [_digits([row[at] for row in rows]) for at in range(len(head))]
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "\n".join(
        "<tr>" + "".join(_cell(cell, digits[at]) for at, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">\n<table>\n'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{lines}\n</tbody>\n</table>\n</div>"
    )


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
        return f"<td>{escape(french_cell(value))}</td>"
    text = str(value) if digits is None else french_number(value, digits=digits)
    return f'<td class="number">{escape(text)}</td>'


def _provenance(contents: Contents) -> str:
    hashes = [
        [source.title or source.name, str(source.version), source.sha256]
        for source in contents.sources
    ]
    head = ("Jeu de données", "Version", "Empreinte SHA-256 de la table")
    read = _table("Tables lues", head, hashes) if hashes else ""
    steps = "".join(
        f"<li><p>{escape(step.title)} → {escape(quoted(step.output))}."
        f" {escape(_sentence(step.report))}</p>"
        "<details><summary>Réglages exacts, pour refaire cette étape par programme</summary>"
        f"<pre>{escape(json.dumps(step.parameters, ensure_ascii=False, indent=1))}</pre></details>"
        "</li>"
        for step in contents.steps
    )
    software = ", ".join(f"{name} {version}" for name, version in sorted(contents.software.items()))
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in contents.provenance)
    about = f"<ul>{items}</ul>" if items else ""
    return (
        f"{about}\n{read}\n<h3>Étapes</h3>\n<ol>{steps}</ol>\n"
        f"<p>Logiciels : {escape(software)}. Fait le {escape(moment(contents.made_at))}, heure de"
        " Paris.</p>"
    )
