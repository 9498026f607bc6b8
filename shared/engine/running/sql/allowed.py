"""Lets one SELECT through that reads named tables alone, as DuckDB's own parser understands it.

The engine is locked and holds other tables: other steps', and what it knows of itself. So every
table and function of the text is looked up in a list, and what is in none is refused.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from duckdb import DuckDBPyConnection as Database

from shared.engine.applications.query.sql import plain_lower
from shared.engine.running.sql.faults import at, syntax_fault
from shared.engine.running.sql.functions import FUNCTIONS
from shared.errors import Invalid
from shared.language.french import quoted

TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series", "json_each", "json_tree"))
_RECURSIVE = "RECURSIVE_CTE_NODE"
_QUERIES = frozenset(("SELECT_NODE", "SET_OPERATION_NODE", _RECURSIVE, "CTE_NODE"))
_SOURCES = frozenset(("EMPTY", "JOIN", "SUBQUERY", "EXPRESSION_LIST", "PIVOT"))
_MODIFIERS = frozenset(
    ("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER")
)
_EXPRESSIONS = frozenset(
    """BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA
    LAMBDA_REF OPERATOR POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW""".split()  # noqa: SIM905
)
_ORDERS = ("ORDER_", "ASCENDING", "DESCENDING")

Tables = frozenset[str]


def check_statement(database: Database, sql: str, tables: Iterable[str]) -> None:
    """Check that `sql` is one SELECT on these tables; raise Invalid, in French, with the place."""
    ((serialized,),) = database.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    try:
        answer = json.loads(serialized)
    except RecursionError as error:
        raise Invalid("la requête a trop de niveaux imbriqués", "sql") from error
    if answer["error"]:
        raise syntax_fault(sql, answer)
    statements = answer["statements"]
    if len(statements) != 1:
        raise Invalid("une seule instruction est acceptée", "sql")
    names = frozenset(plain_lower(name) for name in tables)
    stack: list[tuple[Any, Tables]] = [(statements[0]["node"], names)]
    while stack:
        node, seen = stack.pop()
        if isinstance(node, list):
            stack.extend((child, seen) for child in node)
        elif isinstance(node, dict):
            stack.extend(_parts(sql, node, seen))


def _parts(sql: str, node: dict[str, Any], seen: Tables) -> Iterator[tuple[Any, Tables]]:
    """Yield what is to be looked at next, each with the names of tables that it sees."""
    if "class" in node:
        _check_expression(sql, node)
    elif "type" in node and isinstance(node["type"], str):
        _check_node(sql, node, seen)
    if node.get("sample"):
        message = "un tirage au hasard ne peut pas être refait : TABLESAMPLE est refusé"
        raise Invalid(at(sql, node.get("query_location"), message), "sql")
    inside = seen
    for entry in (node.get("cte_map") or {}).get("map", ()):
        name = plain_lower(str(entry["key"]))
        yield entry["value"], inside
        inside |= {name}
    # A recursive table sees itself in its second part: in its first, its name is another table's.
    own = {plain_lower(str(node.get("cte_name")))} if node.get("type") == _RECURSIVE else set()
    for key, value in node.items():
        if key != "cte_map" and isinstance(value, dict | list):
            yield value, inside | own if key == "right" else inside


def _check_expression(sql: str, node: dict[str, Any]) -> None:
    place = node.get("query_location")
    if node["class"] not in _EXPRESSIONS:
        raise Invalid(at(sql, place, "cette expression n'est pas acceptée"), "sql")
    name = str(node.get("function_name") or "").lower()
    if not name:
        return
    if node.get("schema") or node.get("catalog"):
        message = f"la fonction {quoted(name)} se nomme par son seul nom"
        raise Invalid(at(sql, place, message), "sql")
    if name not in FUNCTIONS and any(map(str.isalnum, name)):
        message = f"la fonction {quoted(name)} n'existe pas, ou n'est pas offerte ici"
        raise Invalid(at(sql, place, message), "sql")


def _check_node(sql: str, node: dict[str, Any], seen: Tables) -> None:
    kind, place = node["type"], node.get("query_location")
    if kind == "BASE_TABLE":
        name = str(node["table_name"])
        if node["schema_name"] or node["catalog_name"] or node.get("at_clause"):
            message = f"la table {quoted(name)} se nomme par son seul nom"
            raise Invalid(at(sql, place, message), "sql")
        if plain_lower(name) not in seen:
            raise Invalid(at(sql, place, f"aucune table ne s'appelle {quoted(name)}"), "sql")
    elif kind == "TABLE_FUNCTION":
        name = str(node["function"].get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            message = f"la fonction {quoted(name)} ne peut pas tenir lieu de table"
            raise Invalid(at(sql, place, message), "sql")
    elif kind == "SHOW_REF":
        message = "DESCRIBE, SHOW et SUMMARIZE sont refusés : nommez les colonnes voulues"
        raise Invalid(at(sql, place, message), "sql")
    elif kind not in _QUERIES | _SOURCES | _MODIFIERS and not kind.startswith(_ORDERS):
        raise Invalid(at(sql, place, "seul un SELECT est accepté"), "sql")
