"""A table under operations, one after the other: each is a view on what the last one made.

So cells are worked out once, at the end, and what an operation changed is counted on the columns
that it names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.engine.database import ROW, columns, count, quoted
from shared.engine.running.steps.workbench import TABLE, InputTable, Workbench
from shared.errors import Invalid
from shared.language.french import quoted as french_quoted

OfTable = Callable[[str], str]
"""Makes SQL for a table of that name, which is quoted."""

_NUMBER = quoted("number of the row before")


@dataclass
class Chain:
    """The table as the operations so far left it; in a trial a sample, beside the whole one."""

    workbench: Workbench
    table: InputTable = field(init=False)
    _number: int = 0

    def __post_init__(self) -> None:
        """Begin with the table of the step."""
        self.table = self.workbench.tables[TABLE]

    @property
    def columns(self) -> dict[str, str]:
        """Return its columns, name to type."""
        return columns(self.workbench.database, self.table.name)

    @property
    def now(self) -> Workbench:
        """Return the step's workbench with the table as it is now."""
        return replace(self.workbench, tables={**self.workbench.tables, TABLE: self.table})

    def column(self, name: str, parameter: str) -> str:
        """Return a column as an SQL identifier; raise Invalid where there is none."""
        columns = self.columns
        if name not in columns:
            listed = ", ".join(list(columns)[:50])
            message = f"il n'y a pas de colonne {french_quoted(name)} ici (il y a : {listed})"
            raise Invalid(message, parameter)
        return quoted(name)

    def text(self, name: str, parameter: str) -> str:
        """Return a column as trimmed texts in SQL; whole numbers lack `.0`."""
        column = self.column(name, parameter)
        text = f"trim(CAST({column} AS VARCHAR))"
        if self.columns[name] in ("DOUBLE", "FLOAT"):
            text = rf"regexp_replace({text}, '\.0$', '')"
        return text

    def figures(self, *sql: str, whole: bool = False) -> tuple[int, ...]:
        """Return figures of the table's rows; if `whole`, not only of a trial's sample."""
        table = self.table.whole if whole else self.table.name
        ((*counts,),) = self.workbench.rows(f"SELECT {', '.join(sql)} FROM {quoted(table)}")
        return tuple(int(count or 0) for count in counts)

    def change(self, values: Mapping[str, str]) -> tuple[int, int]:
        """Give columns new values, in SQL; returns how many cells changed, and became empty."""
        tests = []
        for name, value in values.items():
            before, after = f"CAST({quoted(name)} AS VARCHAR)", f"CAST({value} AS VARCHAR)"
            tests.append(f"count(*) FILTER ({before} IS DISTINCT FROM {after})")
            tests.append(f"count(*) FILTER (trim({before}) <> '' AND {after} IS NULL)")
        counts = self.figures(*tests)
        self.choose({name: values.get(name, quoted(name)) for name in self.columns}, values)
        return sum(counts[::2]), sum(counts[1::2])

    def choose(self, values: Mapping[str, str], changed: Mapping[str, str] | None = None) -> None:
        """Keep these columns alone, name to SQL; forget what is known of those `changed`."""
        listed = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
        self._next(lambda table: f"SELECT {listed} FROM {table}", kind="VIEW")
        described = {
            name: column
            for name, column in self.table.described.items()
            if name in values and name not in (changed or {})
        }
        self.table = replace(self.table, described=described)

    def rename(self, names: Mapping[str, str], *, is_copy: bool) -> None:
        """Rename columns, old to new, or copy them behind the others."""
        kept = {name if is_copy else names.get(name, name): name for name in self.columns}
        pairs = kept | ({new: old for old, new in names.items()} if is_copy else {})
        listed = ", ".join(f"{quoted(old)} AS {quoted(new)}" for new, old in pairs.items())
        self._next(lambda table: f"SELECT {listed} FROM {table}", kind="VIEW")
        before = self.table.described
        described = {
            new: before[old].model_copy(update={"name": new})
            for new, old in pairs.items()
            if old in before
        }
        self.table = replace(self.table, described=described)

    def join(self, joined: str, values: Mapping[str, str]) -> None:
        """Give columns, old or new, values of another table: `joined` is behind `FROM table t`."""
        names = dict.fromkeys((*self.columns, *values))
        listed = ", ".join(
            f"{values.get(name, f't.{quoted(name)}')} AS {quoted(name)}" for name in names
        )
        self._next(
            lambda table: (
                f"SELECT {listed} FROM (SELECT *, {ROW} AS {_NUMBER} FROM {table}) t {joined}"
                f" ORDER BY t.{_NUMBER}"
            ),
            kind="TABLE",
        )
        described = {
            name: column for name, column in self.table.described.items() if name not in values
        }
        self.table = replace(self.table, described=described)

    def keep(self, condition: OfTable) -> int:
        """Keep the rows of which `condition` (`WHERE` ...) is true; returns how many went."""
        before = self.table.rows
        self._next(lambda table: f"SELECT * FROM {table} {condition(table)}", kind="TABLE")
        rows = count(self.workbench.database, self.table.name)
        self.table = replace(self.table, rows=rows)
        return before - rows

    def _next(self, sql: OfTable, kind: str) -> None:
        self._number += 1
        named = dict(self._made(sql, kind))
        self.table = replace(self.table, name=named[self.table.name], whole=named[self.table.whole])

    def _made(self, sql: OfTable, kind: str) -> Iterator[tuple[str, str]]:
        """Make the next of each table there is: one, or a sample and the whole."""
        for place, name in enumerate(dict.fromkeys((self.table.name, self.table.whole))):
            made_name = f"{self.workbench.output} (opération {self._number}.{place})"
            body = sql(quoted(name))
            self.workbench.database.execute(
                f"CREATE OR REPLACE {kind} {quoted(made_name)} AS {body}"
            )
            yield name, made_name


def first_rows(names: Sequence[str]) -> OfTable:
    """Return the numbers of the rows that no earlier one equals in these columns."""
    by = ", ".join(map(quoted, names))
    return lambda table: (
        f"(SELECT min({_NUMBER}) FROM (SELECT {ROW} AS {_NUMBER}, {by} FROM {table}) GROUP BY {by})"
    )
