"""Reads the judged queries and attacks of tests/corpora/sql."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import yaml  # type: ignore[import-untyped]

CORPUS = Path(__file__).parent

Schema = Mapping[str, Mapping[str, str]]
"""The type of each column of each table, as DuckDB writes it."""

Reads = Mapping[str, frozenset[str]]
"""Columns by table."""

Must = Literal["refused", "silent", "bounded"]


@dataclass(frozen=True)
class Query:
    """A query and what is right of it; the keys are those of README.md."""

    id: str
    asks: str
    sql: str
    refused: str = ""
    also_refused: bool = False
    unshown: bool = False
    reads: Reads = field(default_factory=dict)
    may: Reads = field(default_factory=dict)
    by: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    result: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Attack:
    """A query of somebody who wants what is not theirs, or to be in the way of others."""

    id: str
    wants: str
    sql: str
    must: Must
    marks: tuple[str, ...] = ()


def schema(half: str) -> Schema:
    """The columns of the tables of a half, with their types."""
    schema: Schema = _read(half, "schema.yaml")
    return schema


def csv_of(half: str, table: str) -> Path:
    """The rows of a table, as text."""
    return CORPUS / half / "tables" / f"{table}.csv"


def queries(half: str) -> list[Query]:
    """The judged queries of a half."""
    columns_by_table = schema(half)
    return [_query(entry, columns_by_table) for entry in _read(half, "queries.yaml")]


def attacks(half: str) -> list[Attack]:
    """The attacks of a half."""
    read = _read(half, "attacks.yaml")
    return [Attack(**{**entry, "marks": tuple(entry.get("marks", ()))}) for entry in read]


def text_of(sql: str, file: str) -> str:
    """The text of an attack: with the path of a file, and what is too long to be written there."""
    deep = "(" * 3_000 + "1" + ")" * 3_000
    unions = " UNION ALL ".join(["SELECT 1 AS n"] * 5_000)
    return sql.replace("{file}", file).replace("{deep}", deep).replace("{unions}", unions)


def make_tables(database: duckdb.DuckDBPyConnection, half: str) -> None:
    """Make the tables of a half in a database, with their rows and types."""
    for table, columns in schema(half).items():
        types = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items()) + "}"
        read = f"read_csv('{csv_of(half, table)}', delim=';', header=true, columns={types})"
        database.execute(f'CREATE TABLE "{table}" AS FROM {read}')


def _query(entry: Mapping[str, Any], schema: Schema) -> Query:
    query_fields = dict(entry)
    for key in ("reads", "may"):
        query_fields[key] = {
            table: frozenset(schema[table] if columns == "all" else columns)
            for table, columns in entry.get(key, {}).items()
        }
    query_fields["by"] = {
        table: None if columns is None else frozenset(columns)
        for table, columns in entry.get("by", {}).items()
    }
    if "result" in entry:
        query_fields["result"] = tuple(entry["result"])
    return Query(**query_fields)


def _read(half: str, name: str) -> Any:
    return yaml.safe_load((CORPUS / half / name).read_text(encoding="utf-8"))
