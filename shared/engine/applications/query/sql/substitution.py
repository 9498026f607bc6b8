"""Puts values into a query where a literal or the name of a column stands, and nowhere else.

The tree says what stands where. The text around the values stays as its author wrote it: it is what
owners read, and what they grant.
"""

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp

from shared.engine.applications.query.sql import PLACEHOLDER, quoted
from shared.engine.applications.query.sql.statement import QueryPlace, SqlFault, parse, tokens_of

Value = str | int | float | bool

_REFUSED = (
    "ne peut tenir lieu que d'un texte entre apostrophes, d'un nombre ou du nom d'une colonne"
)


def filled(sql: str, values: Mapping[str, Value]) -> str:
    """Return the query with values for each `${name}`; raise SqlFault where one may not stand.

    Between apostrophes it is a text, or part of one. Alone it is a number or a truth value, or for
    a text the name of a column, or part of one. In a comment it stays as it is.
    """
    template = _Template(sql)
    return template.filled(values) if template.names else sql


class _Template:
    """A query whose placeholders are words that any SQL reader takes for plain names."""

    def __init__(self, sql: str) -> None:
        self._sql, self.names = sql, PLACEHOLDER.findall(sql)
        stem = "placeholder"
        while stem in sql.lower():
            stem += "r"
        self._mark = re.compile(rf"{stem}(\d+)x")
        numbers = iter(range(len(self.names)))
        self._marked = PLACEHOLDER.sub(lambda _: f"{stem}{next(numbers)}x", sql)

    def filled(self, values: Mapping[str, Value]) -> str:
        """Return the query with these values."""
        nodes = self._nodes()
        text, end = "", 0
        for start, word in self._words():
            text += self._marked[end:start] + self._written(word, nodes.get(start), values)
            end = start + len(word)
        return self._plain(text + self._marked[end:])

    def _nodes(self) -> Mapping[int, exp.Expr]:
        """Return what stands where in the query that has marks."""
        try:
            tree = parse(self._marked)
        except SqlFault as fault:
            raise SqlFault(self._plain(str(fault))) from fault
        nodes = tree.find_all(exp.Identifier, exp.Literal)
        return {int(node.meta["start"]): node for node in nodes if "start" in node.meta}

    def _words(self) -> Iterator[tuple[int, str]]:
        """Yield the words, texts and names in quotes that hold marks, with their place."""
        for token in tokens_of(self._marked):
            word = self._marked[token.start : token.end + 1]
            if self._mark.search(word):
                yield token.start, word

    def _written(self, word: str, node: exp.Expr | None, values: Mapping[str, Value]) -> str:
        """Return a word that holds marks, with the values in their stead."""
        if _is_text(word, node):
            escaped = {name: str(value).replace("'", "''") for name, value in values.items()}
            return self._with(word, escaped)
        if isinstance(node, exp.Identifier) and _names_column(node):
            mark = self._mark.fullmatch(word)
            value = values[self.names[int(mark[1])]] if mark else ""
            if not isinstance(value, str) and _stands_alone(node):
                return _number(value)
            return quoted(self._with(node.name, values))
        raise self._fault(word)

    def _with(self, text: str, values: Mapping[str, Value]) -> str:
        return self._mark.sub(lambda mark: str(values[self.names[int(mark[1])]]), text)

    def _plain(self, text: str) -> str:
        """Return the text as its author wrote it."""
        return self._mark.sub(lambda mark: f"${{{self.names[int(mark[1])]}}}", text)

    def _fault(self, word: str) -> SqlFault:
        mark = self._mark.search(word)
        assert mark  # noqa: S101 - words are asked for that hold one
        number = int(mark[1])
        starts = [place.start() for place in PLACEHOLDER.finditer(self._sql)]
        message = f"« ${{{self.names[number]}}} » {_REFUSED}"
        return SqlFault(message, QueryPlace.at(self._sql, starts[number]))


def _is_text(word: str, node: exp.Expr | None) -> bool:
    """Return whether a text stands there, and no pattern that chooses columns."""
    is_text = isinstance(node, exp.Literal) and node.is_string and word.startswith("'")
    return is_text and not isinstance(node.parent if node else None, exp.Columns)


def _names_column(node: exp.Identifier) -> bool:
    """Return whether the name is that of a column, read or made."""
    parent = node.parent
    is_read = isinstance(parent, exp.Column) and node.arg_key == "this"
    is_made = isinstance(parent, exp.Alias) and node.arg_key == "alias"
    return is_read or is_made or (isinstance(parent, exp.Join) and node.arg_key == "using")


def _stands_alone(node: exp.Identifier) -> bool:
    """Return whether the name is all that stands there, of no table and made by nobody."""
    return isinstance(node.parent, exp.Column) and len(node.parent.parts) == 1


def _number(value: float) -> str:
    """Return a number or truth value in SQL, negative ones in brackets: `--` is a comment."""
    text = str(value).upper()
    return f"({text})" if text.startswith("-") else text
