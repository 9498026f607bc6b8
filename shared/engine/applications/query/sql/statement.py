"""Parses the one SELECT of a query, within bounds that keep a hostile text cheap."""

import logging
import re
from functools import lru_cache
from typing import NamedTuple

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from shared.engine.applications.query.sql import MOST_CHARACTERS, plain_lower

MOST_TOKENS, DEEPEST = 5_000, 60
"""How long a query may be, and how many brackets, CASEs and signs may stand within each other."""

_LONGEST_SHOWN = 40
"""How much of a wrong word is told again."""

_LONGEST_NUMBER = 400
"""More digits than any number of DuckDB's has."""

_OPENING = frozenset(
    (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE, TokenType.STRUCT)
)
_CLOSING = frozenset((TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END))
_PREFIXES = frozenset((TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE))
_BEGINS = frozenset(("SELECT", "WITH", "FROM", "VALUES", "PIVOT", "UNPIVOT", "TABLE", "("))

_PARAMETER = "un paramètre (« ? », « $1 » ou « :nom ») n'a pas de valeur ici"
_NAMED = re.compile(r"(?<=[\s(,=<>+*/|-]):[^\W\d]")
"""A colon that begins a name, and no slice, struct or alias."""

_ARROW = re.compile(r"\s*\)?\s*->")
"""What follows the names of a lambda of old."""

_UNCLOSED = re.compile(
    r"""'(?:[^']|'')*+'|"(?:[^"]|"")*+"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$|(?P<open>['"]|/\*|\$\$)""",
    re.DOTALL,
)

_REFUSED_NODES: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.DML, "une requête lit et n'écrit rien : INSERT, UPDATE, DELETE et MERGE sont refusés"),
    (exp.Into, "une requête n'écrit rien : INTO est refusé"),
    (exp.Lock, "une requête n'écrit rien : FOR UPDATE est refusé"),
    (exp.Command, "seul un SELECT est accepté"),
    (exp.Describe, "DESCRIBE, SHOW et SUMMARIZE sont refusés : nommez les colonnes voulues"),
    (exp.Summarize, "DESCRIBE, SHOW et SUMMARIZE sont refusés : nommez les colonnes voulues"),
    (exp.Show, "DESCRIBE, SHOW et SUMMARIZE sont refusés : nommez les colonnes voulues"),
    (exp.TableSample, "un tirage au hasard ne peut pas être refait : TABLESAMPLE est refusé"),
    (exp.HistoricalData, "« AT » est refusé : une table n'a qu'une version ici"),
)

# What it warns of quotes the query, which belongs to its author.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


class QueryPlace(NamedTuple):
    """Where something stands in a query, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"ligne {self.line}, colonne {self.column}"

    @classmethod
    def at(cls, sql: str, offset: int) -> "QueryPlace":
        """Return the place of the character of that number, from 0."""
        before = sql[: max(0, min(offset, len(sql)))]
        return cls(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


class SqlFault(ValueError):
    """A query that cannot be taken, said in French with its place."""

    def __init__(self, message: str, place: QueryPlace | None = None) -> None:
        super().__init__(f"{place} : {message}" if place else message)


@lru_cache(maxsize=2)
def parse(sql: str) -> exp.Query:
    """Return the one SELECT that `sql` holds; raises SqlFault for whatever else it holds.

    Nobody changes the tree: who checks a query analyses it next.
    """
    if len(sql) > MOST_CHARACTERS:
        raise SqlFault(f"la requête a plus de {MOST_CHARACTERS} caractères")
    tokens = tokens_of(sql)
    if not tokens:
        raise SqlFault("la requête est vide")
    _check(sql, tokens)
    parameter = _parameter(sql, tokens)
    try:
        statements = DuckDB().parser().parse(tokens, sql)
        trees = [tree for tree in statements if tree is not None]
        if len(trees) != 1:
            raise SqlFault("une seule instruction est acceptée, sans rien après son « ; »")
        tree = _query(sql, trees[0])
    except RecursionError as error:
        raise SqlFault(_TOO_DEEP) from error
    except SqlglotError as error:
        raise (parameter or _syntax_fault(error)) from None
    if tree.find(exp.Placeholder, exp.Parameter):
        raise parameter or SqlFault(_PARAMETER)
    return tree


def _parameter(sql: str, tokens: list[Token]) -> SqlFault | None:
    """Return the place of the first parameter, where the text seems to have one."""
    for token in tokens:
        is_named = token.token_type is TokenType.COLON and _NAMED.match(sql, token.start)
        if is_named or token.token_type in {TokenType.PARAMETER, TokenType.PLACEHOLDER}:
            return SqlFault(_PARAMETER, _place(sql, token))
    return None


_TOO_DEEP = (
    "la requête a trop de niveaux imbriqués ; des WITH successifs la rendraient plus lisible"
)


def tokens_of(sql: str) -> list[Token]:
    """Return the tokens of a query, without comments; raise SqlFault for what is not closed."""
    if "\0" in sql:
        raise SqlFault("la requête contient un caractère nul")
    try:
        tokens = DuckDB().tokenize(sql)
    except SqlglotError as error:
        opened = next((match.start() for match in _UNCLOSED.finditer(sql) if match["open"]), None)
        place = None if opened is None else QueryPlace.at(sql, opened)
        raise SqlFault("ce texte, ce nom ou ce commentaire n'est pas fermé", place) from error
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    return tokens


def _check(sql: str, tokens: list[Token]) -> None:
    """Refuse what is no SELECT, and what would take long to parse."""
    if tokens[0].text.upper() not in _BEGINS:
        if tokens[0].token_type is TokenType.VAR:
            word = tokens[0].text[:_LONGEST_SHOWN]
            message = f"« {word} » ne commence aucune requête : ce n'est pas du SQL compris ici"
            raise SqlFault(message, _place(sql, tokens[0]))
        raise SqlFault("seul un SELECT est accepté (WITH, FROM… compris)", _place(sql, tokens[0]))
    if len(tokens) > MOST_TOKENS:
        raise SqlFault(f"la requête a plus de {MOST_TOKENS} mots et signes")
    depth = signs = 0
    for token in tokens:
        kind = token.token_type
        depth += (kind in _OPENING) - (kind in _CLOSING)
        signs = signs + 1 if kind in _PREFIXES else 0
        if depth > DEEPEST or signs > DEEPEST:
            raise SqlFault(_TOO_DEEP, _place(sql, token))
        if kind is TokenType.SEMICOLON:
            raise SqlFault("une seule instruction est acceptée", _place(sql, token))
        if kind is TokenType.NUMBER and len(token.text) > _LONGEST_NUMBER:
            raise SqlFault("ce nombre est trop long", _place(sql, token))
        _check_letters(sql, token)
        if any("/*" in comment for comment in token.comments):
            raise SqlFault("un commentaire en contient un autre", _place(sql, token))


def _check_letters(sql: str, token: Token) -> None:
    """Refuse a word without quotes whose letters some readers of SQL take for those of A to Z.

    sqlglot reads `DISTINCT` in `DI\ufb06INCT`, where DuckDB reads a name.
    """
    if token.text.isascii() or token.token_type.name.endswith(("STRING", "IDENTIFIER")):
        return
    for letter in filter(_is_twin, token.text):
        message = f"écrivez le nom où se trouve « {letter} » entre guillemets doubles"
        raise SqlFault(message, _place(sql, token))


def _is_twin(letter: str) -> bool:
    """Return whether a letter is outside of A to Z, and in another case within."""
    return not letter.isascii() and any(map(str.isascii, letter.lower() + letter.upper()))


def _check_alias(sql: str, node: exp.Expr) -> None:
    """Refuse a name given to a table or a column that looks like another, such as KELVIN SIGN."""
    name = node.args.get("this" if isinstance(node, exp.TableAlias) else "alias")
    columns = node.args.get("columns") if isinstance(node, exp.TableAlias) else None
    for identifier in (name, *(columns or ())):
        if not isinstance(identifier, exp.Identifier) or identifier.name.isascii():
            continue
        for letter in identifier.name:
            if not letter.isascii() and any(map(str.isascii, letter.lower())):
                message = f"la lettre « {letter} » se confond avec une autre : changez ce nom"
                raise SqlFault(message, place_of(sql, identifier))


def _query(sql: str, tree: exp.Expr) -> exp.Query:
    if isinstance(tree, exp.Pivot | exp.Values):
        tree = exp.select("*").from_(exp.Subquery(this=tree))
    if isinstance(tree, exp.Subquery) and not isinstance(tree.this, exp.Query):
        raise SqlFault("seul un SELECT est accepté")
    if not isinstance(tree, exp.Query):
        raise SqlFault("seul un SELECT est accepté (WITH, FROM… compris)")
    for node in tree.walk():
        for refused, why in _REFUSED_NODES:
            if isinstance(node, refused):
                raise SqlFault(why, place_of(sql, node))
        if isinstance(node, exp.Alias | exp.TableAlias):
            _check_alias(sql, node)
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
            message = "x.f() est refusé : écrivez f(x)"
            raise SqlFault(message, place_of(sql, node))
        if isinstance(node, exp.Table) and (node.args.get("db") or node.args.get("catalog")):
            raise SqlFault("une table se nomme par son seul nom, sans schéma", place_of(sql, node))
    return tree


def tables_named(sql: str) -> list[str]:
    """Return the names that stand where a table's does, in lower case, in the order of the text."""
    try:
        tree = parse(sql)
    except SqlFault:
        return []
    named = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    named.sort(key=lambda table: int(table.this.meta.get("start", 0)))
    return [plain_lower(table.name) for table in named]


def place_of(sql: str, node: exp.Expr) -> QueryPlace | None:
    """Return where the first word of `node` stands that has a place; None where none has."""
    starts = [int(child.meta["start"]) for child in node.walk() if "start" in child.meta]
    return QueryPlace.at(sql, min(starts)) if starts else None


def place_of_arrow(sql: str) -> QueryPlace | None:
    """Return where the first lambda of old, with an arrow, stands in a query that `parse` takes."""
    for arrow in parse(sql).find_all(exp.Lambda):
        ends = [int(name.meta["end"]) for name in arrow.expressions if "end" in name.meta]
        if ends and _ARROW.match(sql, max(ends) + 1):
            return place_of(sql, arrow)
    return None


def _place(sql: str, token: Token) -> QueryPlace:
    return QueryPlace.at(sql, token.start)


def _syntax_fault(error: SqlglotError) -> SqlFault:
    """Return what is wrong with it, by the place that the parser names."""
    errors = getattr(error, "errors", None)
    if not errors:
        return SqlFault("la requête n'est pas du SQL que DuckDB lit")
    word, line = str(errors[0].get("highlight") or ""), int(errors[0].get("line") or 1)
    column = int(errors[0].get("col") or 1) - max(len(word), 1) + 1
    place = QueryPlace(line, max(column, 1))
    if "Expecting" in str(errors[0].get("description")):
        return SqlFault(f"quelque chose manque, ou n'est pas fermé, après « {word} »", place)
    return SqlFault(f"erreur de syntaxe près de « {word} »", place)
