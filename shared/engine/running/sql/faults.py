"""What is wrong with a query, in French: never in the engine's words, which may hold values."""

import json
import re
from collections.abc import Mapping
from typing import Any

import duckdb

from shared.engine.applications.query.sql.statement import QueryPlace, place_of_arrow
from shared.errors import Invalid
from shared.language.french import quoted

_NAME = r'"(?P<name>(?:[^"]|"")*)"'
_ARROW = "Deprecated lambda arrow"
_TOLD: tuple[tuple[str, str], ...] = (
    (rf"Referenced column {_NAME}", "aucune colonne ne s'appelle {name} ici"),
    (rf"Table .* does not have a column named {_NAME}", "cette table n'a pas de colonne {name}"),
    (rf"Referenced table {_NAME}", "aucune table ne s'appelle {name} ici"),
    (
        rf"Ambiguous reference to column name {_NAME}",
        "plusieurs tables ont une colonne {name} : écrivez de laquelle il s'agit (table.colonne)",
    ),
    (rf"Column {_NAME} in EXCLUDE", "EXCLUDE nomme {name}, qui n'est pas une colonne"),
    (
        rf"column {_NAME} must appear in the GROUP BY",
        "{name} n'est ni dans GROUP BY ni dans un agrégat (sum, count, any_value…)",
    ),
    (
        r"(Scalar|Aggregate|Table) .*Function with name (?P<name>\S+)",
        "la fonction {name} n'existe pas",
    ),
    (
        rf"specifier {_NAME} not recognized",
        "{name} n'est pas une partie de date (year, quarter, month, week, day, hour…)",
    ),
    (r"Type with name (?P<name>\S+)", "le type {name} n'existe pas"),
    (r"Table with name (?P<name>\S+)", "aucune table ne s'appelle {name}"),
    (
        r"No function matches the given name and argument types '(?P<call>[^']*)'",
        "{call} : ces types ne conviennent pas ; convertissez par CAST ou TRY_CAST",
    ),
    (
        r"Could not choose a best candidate function for the function call \"(?P<call>[^\"]*)\"",
        "{call} : le type d'une valeur est à préciser par CAST, p. ex. CAST(x AS DATE)",
    ),
    (
        r"Cannot compare values of type (?P<one>\S+) and type (?P<other>\S+)",
        "{one} et {other} ne se comparent pas ; convertissez par CAST ou TRY_CAST",
    ),
    (_ARROW, "une fonction s'écrit « lambda x: … », et non « x -> … »"),
    (
        r"aggregate function calls cannot be nested",
        (
            "un agrégat ne peut pas en contenir un autre : calculez le premier dans une"
            " sous-requête, FROM (SELECT …)"
        ),
    ),
    (
        r"aggregate function calls cannot contain window",
        (
            "un agrégat ne peut pas contenir de fenêtre (OVER) : calculez-la dans une sous-requête,"
            " FROM (SELECT …)"
        ),
    ),
    (r"WHERE clause cannot contain aggregates", "WHERE ne peut pas contenir d'agrégat : HAVING"),
    (r"WHERE clause cannot contain window", "WHERE ne peut pas contenir de fenêtre : QUALIFY"),
    (r"Set operations can only apply", "les deux côtés n'ont pas le même nombre de colonnes"),
    (r"Subquery returns \d+ columns", "la sous-requête doit donner une seule colonne"),
    (r"(ORDER|GROUP BY) term out of range", "cette position n'est pas celle d'une colonne"),
    (r"at least one window function", "QUALIFY demande une fenêtre (OVER)"),
)

_LITERALS = {"INTEGER_LITERAL": "INTEGER", "STRING_LITERAL": "VARCHAR"}

_OF_ROWS: tuple[tuple[str, str], ...] = (
    (
        r"specifier \"[^\"]*\" not recognized",
        "ce nom n'est pas celui d'une partie de date (year, quarter, month, week, day, hour…)",
    ),
    (
        r"out of range for the destination type INT64",
        (
            "un nombre est trop grand pour BIGINT, le plus grand des types entiers d'un résultat :"
            " divisez-le, ou convertissez-le en DOUBLE"
        ),
    ),
    (
        r"out of range for the destination type",
        (
            "un nombre sort de ce que son type peut contenir ; TRY_CAST le laisse vide au lieu"
            " d'échouer"
        ),
    ),
)
"""What a query fails for on rows, said without any of their values."""

_FAILED: tuple[tuple[type[duckdb.Error], str], ...] = (
    (
        duckdb.ConversionException,
        "une valeur ne peut pas être convertie ; TRY_CAST la laisse vide au lieu d'échouer",
    ),
    (duckdb.OutOfRangeException, "un nombre ou une date sort de ce que son type peut contenir"),
    (duckdb.InvalidInputException, "une fonction reçoit une valeur qu'elle n'accepte pas"),
    (duckdb.BinderException, "la requête ne convient pas aux colonnes de ses tables"),
    (duckdb.CatalogException, "la requête nomme ce qui n'existe pas ici"),
    (duckdb.PermissionException, "la requête demande ce qui n'est pas permis ici"),
    (duckdb.NotImplementedException, "la requête demande ce que le moteur ne sait pas faire"),
)


def at(sql: str, offset: object, message: str) -> str:
    """Return the message with the place of that byte of the text, where it is one."""
    text = sql.encode()
    if not isinstance(offset, int | str) or not 0 <= int(offset) <= len(text):
        return message
    return f"{QueryPlace.at(sql, len(text[: int(offset)].decode(errors='ignore')))} : {message}"


def syntax_fault(sql: str, answer: Mapping[str, Any]) -> Invalid:
    """Return the fault of a text that is no SELECT."""
    if answer.get("error_type") == "not implemented":
        return Invalid(
            "seul un SELECT est accepté ; un PIVOT doit nommer ses valeurs (ON annee IN (…))", "sql"
        )
    match = re.search(r'near "([^"]*)"', str(answer.get("error_message")))
    message = f"erreur de syntaxe près de {quoted(match[1])}" if match else "erreur de syntaxe"
    return Invalid(at(sql, answer.get("position"), message), "sql")


def bound_fault(sql: str, error: duckdb.Error, before: int) -> Invalid:
    """Return the fault of a query that does not fit its tables; our `before` bytes precede it.

    The tables hold no rows: what the engine says names columns, types and constants of the query.
    """
    details = _json_of(error)
    message = str(details.get("exception_message", ""))
    for written, kind in _LITERALS.items():
        message = message.replace(written, kind)
    position = details.get("position")
    place = int(position) - before if position is not None else None
    for pattern, french in _TOLD:
        if match := re.search(pattern, message):
            if place is None and "name" in match.groupdict() and match["name"] in sql:
                place = len(sql[: sql.index(match["name"])].encode())
            named = {
                key: quoted(value) if key == "name" else value
                for key, value in match.groupdict().items()
            }
            sentence = french.format(**named)
            if pattern == _ARROW and (arrow := place_of_arrow(sql)):
                return Invalid(f"{arrow} : {sentence}", "sql")
            return Invalid(at(sql, place, sentence), "sql")
    return Invalid(at(sql, place, failure_of(error)), "sql")


def failed_at(sql: str, error: duckdb.Error, ran: str) -> str:
    """State why the query `ran` failed on rows, with the place if the engine gives it."""
    position, before = _json_of(error).get("position"), ran.rindex(f"{sql}\n)")
    place = int(position) - len(ran[:before].encode()) if position is not None else None
    return at(sql, place, failure_of(error))


def failure_of(error: duckdb.Error) -> str:
    """State why a query failed on rows, by the kind of error alone."""
    for pattern, french in _OF_ROWS:
        if re.search(pattern, str(error).replace('\\"', '"')):
            return french
    messages = (message for kind, message in _FAILED if isinstance(error, kind))
    return next(messages, "le moteur n'a pas pu exécuter la requête")


def _json_of(error: duckdb.Error) -> dict[str, Any]:
    """Return what the engine says where `errors_as_json` is set."""
    _, brace, rest = str(error).partition("{")
    try:
        details = json.loads(brace + rest)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}
