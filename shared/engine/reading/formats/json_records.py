"""Reads JSON, JSON Lines and GeoJSON: a row for each object, a column for each field."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from shared.engine.reading.formats.encoding import find_encoding
from shared.engine.reading.formats.header import MAX_COLUMNS
from shared.engine.reading.formats.table import Table, batches_of
from shared.engine.reading.repairs import Repairs
from shared.engine.tables.column_names import unique
from shared.errors import Rejected

_POINT = "Point"
_NESTED = "."
_LONGEST = 50


def read_records(path: Path, repairs: Repairs) -> Table:
    """Read the table in JSON: a list of objects, an object that holds one, or one a line.

    Fields of nested objects become columns `outer.inner`; lists stay JSON text, and numbers the
    text they were. GeoJSON features give their properties, the geometry as GeoJSON text, and
    `longitude` and `latitude` of points. Raises Rejected, in French, naming the line.
    """
    encoding = find_encoding(path, repairs)
    text = path.read_text(encoding=encoding)
    reader = _Reader(repairs)
    name, objects = reader.objects(text)
    rows = [reader.flat(number, record) for number, record in enumerate(objects, 1)]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if not keys:
        raise Rejected("ce JSON ne contient aucun objet avec des champs")
    if len(keys) > MAX_COLUMNS:
        raise Rejected(f"les objets ont plus de {MAX_COLUMNS} champs différents")
    names = unique(keys)
    return Table(
        columns=names,
        batches=batches_of(names, ([row.get(key) or None for key in keys] for row in rows)),
        format=name,
        encoding=encoding.removesuffix("-sig"),
    )


_HALVES = re.compile("[\ud800-\udfff]")
"""Surrogates that JSON may write by their number, and that are no character alone."""


class _Reader:
    """Parses without changing what numbers look like, and notes fields that stand twice."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._decoder = json.JSONDecoder(
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
            object_pairs_hook=self._members,
        )

    def objects(self, text: str) -> tuple[str, list[Any]]:
        """Return the name of the format, and the objects that are its rows."""
        try:
            whole = self._decoder.decode(text)
        except json.JSONDecodeError as error:
            if "Extra data" not in error.msg:
                raise Rejected(_broken(error, error.lineno)) from error
            lines = list(self._lines(text))
            if all(
                isinstance(record, dict) and record.get("type") == "Feature" for record in lines
            ):
                return "geojson", [_feature(record) for record in lines]
            return "jsonl", lines
        except RecursionError as error:
            raise Rejected("ce JSON est imbriqué trop profondément") from error
        if isinstance(whole, dict) and whole.get("type") == "FeatureCollection":
            return "geojson", [_feature(feature) for feature in _list_in(whole, "features")]
        return "json", self._rows(whole)

    def _rows(self, whole: object) -> list[Any]:
        """Return the list in a JSON value: itself, its only list of objects, or its one object."""
        if isinstance(whole, list):
            return whole
        if not isinstance(whole, dict):
            raise Rejected(f"ce JSON est {_kind(whole)}, pas une liste d'objets")
        lists = [name for name, value in whole.items() if _is_table(value)]
        if len(lists) != 1:
            if _is_configuration(whole):
                raise Rejected(
                    "ce JSON ressemble à la configuration d'un programme, pas à un tableau : ses"
                    " champs n'ont pas de liste d'objets"
                )
            return [whole]
        others = [name[:_LONGEST] for name in whole if name not in lists]
        self._repairs.note_each("other_members", others)
        rows: list[Any] = whole[lists[0]]
        return rows

    def flat(self, number: int, record: object) -> dict[str, str | None]:
        """Return the fields of one object as text; raises Rejected for anything but an object."""
        if not isinstance(record, dict):
            raise Rejected(f"élément {number} : un objet est attendu, pas {_kind(record)}")
        fields = dict(_fields(record, ""))
        if any(_HALVES.search(f"{name}{value}") for name, value in fields.items()):
            self._repairs.note("half_characters", line=None)
            whole = partial(_HALVES.sub, "\ufffd")
            return {whole(name): value and whole(value) for name, value in fields.items()}
        return fields

    def _lines(self, text: str) -> Iterator[Any]:
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                yield self._decoder.decode(line)
            except json.JSONDecodeError as error:
                raise Rejected(_broken(error, number)) from error

    def _members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        self._repairs.note("repeated_members", count=len(pairs) - len(members))
        return members


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _is_table(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(element, dict) for element in value)
    )


def _is_configuration(whole: dict[str, Any]) -> bool:
    """Whether an object holds several objects: a single record has few, such as a place."""
    nested = [value for value in whole.values() if isinstance(value, dict) and value]
    return len(nested) > 1 or any(
        isinstance(member, dict) for value in nested for member in value.values()
    )


def _list_in(whole: dict[str, Any], name: str) -> list[Any]:
    value = whole.get(name)
    if not isinstance(value, list):
        raise Rejected(f"champ {name} : une liste est attendue")
    return value


def _feature(feature: object) -> object:
    """Turn a GeoJSON feature (RFC 7946) into an object of its properties and its place."""
    if not isinstance(feature, dict):
        return feature
    geometry = feature.get("geometry")
    row = dict(feature.get("properties") or {})
    if "id" in feature:
        row.setdefault("id", feature["id"])
    if isinstance(geometry, dict):
        if geometry.get("type") == _POINT and isinstance(geometry.get("coordinates"), list):
            names = ("longitude", "latitude", "altitude")
            for name, value in zip(names, geometry["coordinates"], strict=False):
                row.setdefault(name, value)
        row.setdefault("geometry", _Number(_json(geometry)))
    return row


def _fields(record: dict[str, Any], prefix: str) -> Iterator[tuple[str, str | None]]:
    for key, value in record.items():
        name = prefix + (" ".join(key.split()) or "champ")
        if isinstance(value, dict) and value:
            yield from _fields(value, name + _NESTED)
        else:
            yield name, _text(value)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _json(value)


def _json(value: object) -> str:
    """Write a value as JSON text again, with its numbers as they were."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{_json(name)}: {_json(member)}" for name, member in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _kind(value: object) -> str:
    if isinstance(value, _Number):
        return "un nombre"
    kinds = {str: "un texte", list: "une liste", bool: "un booléen", dict: "un objet"}
    return kinds.get(type(value), "vide")


def _broken(error: json.JSONDecodeError, line: int) -> str:
    return f"ligne {line}, caractère {error.colno} : ce JSON est mal formé"
