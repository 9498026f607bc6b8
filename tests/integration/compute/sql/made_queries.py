"""Queries at random, in forms that people write: for what must hold of any."""

# ruff: noqa: S608 - made of names that stand here

from dataclasses import dataclass
from random import Random

TABLES: dict[str, dict[str, str]] = {
    "t": {"a": "BIGINT", "b": "VARCHAR", "c": "BIGINT", "d": "VARCHAR"},
    "u": {"a": "BIGINT", "e": "BIGINT", "f": "VARCHAR"},
    "v": {"c": "BIGINT", "f": "VARCHAR", "g": "BIGINT"},
}
WORDS = ("x", "y", "z", "")

Columns = dict[str, str]


@dataclass
class Maker:
    """Makes one query after the other; `is_plain` ones are understood by SQLite as well."""

    random: Random
    is_plain: bool = False
    names: int = 0

    def query(self, depth: int = 2) -> tuple[str, Columns]:
        """A query, and the columns of its result."""
        forms = [self._select, self._select, self._grouped, self._union, self._with]
        if not self.is_plain:
            forms += [
                self._windowed,
                self._distinct_on,
                self._recursive,
                self._pivot,
                self._unpivot,
            ]
        return self.random.choice(forms)(depth)

    def _name(self, stem: str = "k") -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def _some(self, columns: Columns, most: int = 3) -> list[str]:
        return self.random.sample(list(columns), self.random.randint(1, min(most, len(columns))))

    def _source(self, depth: int) -> tuple[str, Columns]:
        """A table, a query or a join in FROM, and the columns that it shows, qualified."""
        if depth <= 0 or self.random.random() < 0.4:
            table = self.random.choice(list(TABLES))
            alias = self._name("t")
            return f"{table} AS {alias}", {
                f"{alias}.{name}": k for name, k in TABLES[table].items()
            }
        if self.random.random() < 0.5:
            sql, columns = self.query(depth - 1)
            alias = self._name("s")
            return f"({sql}) AS {alias}", {
                f"{alias}.{name}": kind for name, kind in columns.items()
            }
        return self._join(depth)

    def _join(self, depth: int) -> tuple[str, Columns]:
        left, mine = self._source(0)
        right, others = self._source(0 if self.is_plain else depth - 1)
        kinds = ["JOIN", "LEFT JOIN"]
        kinds += [] if self.is_plain else ["FULL JOIN", "SEMI JOIN", "ANTI JOIN", "RIGHT JOIN"]
        kind = self.random.choice(kinds)
        choice = self.random.choice(list(mine))
        same = [name for name, type_ in others.items() if type_ == mine[choice]] or [
            f"CAST(1 AS {mine[choice]})"
        ]
        condition = f"{choice} = {self.random.choice(same)}"
        fields = mine if kind in ("SEMI JOIN", "ANTI JOIN") else {**mine, **others}
        return f"{left} {kind} {right} ON {condition}", fields

    def value(self, columns: Columns, kind: str, depth: int = 1) -> str:
        """An expression of that type."""
        same = [name for name, other in columns.items() if other == kind]
        number = kind == "BIGINT"
        plain = self.random.choice(same) if same else ("7" if number else "'x'")
        if depth <= 0 or self.random.random() < 0.45:
            return plain
        other = self.value(columns, kind, depth - 1)
        forms = [
            f"coalesce({plain}, {other})",
            f"CASE WHEN {self.condition(columns, depth - 1)} THEN {plain} ELSE {other} END",
            f"({plain} + {other})" if number else f"({plain} || {other})",
            f"length({self.value(columns, 'VARCHAR', 0)})" if number else f"upper({plain})",
        ]
        if not self.is_plain:
            table, inner = self.random.choice(list(TABLES.items()))
            mine = self.random.choice([name for name, type_ in inner.items() if type_ == kind])
            other_key = self.random.choice([name for name, type_ in inner.items() if type_ == kind])
            forms.append(f"(SELECT min({mine}) FROM {table} AS i WHERE i.{other_key} = {plain})")
            if not number:
                forms.append(f"list_transform([{plain}], lambda b: b || {other})[1]")
        return self.random.choice(forms)

    def condition(self, columns: Columns, depth: int = 1) -> str:
        """A condition on these columns."""
        name = self.random.choice(list(columns))
        constant = "3" if columns[name] == "BIGINT" else "'x'"
        table, inner = self.random.choice(list(TABLES.items()))
        key = self.random.choice([sql_type for sql_type, k in inner.items() if k == columns[name]])
        forms = [
            f"{name} > {constant}",
            f"{name} IS NULL",
            f"{name} IN (SELECT {key} FROM {table})",
            f"EXISTS (SELECT 1 FROM {table} AS i WHERE i.{key} = {name})",
            f"NOT EXISTS (SELECT * FROM {table} AS i WHERE i.{key} = {name})",
        ]
        if depth > 0:
            forms.append(f"({self.condition(columns, 0)} OR {self.condition(columns, 0)})")
        return self.random.choice(forms)

    def _where(self, columns: Columns) -> str:
        return f" WHERE {self.condition(columns)}" if self.random.random() < 0.5 else ""

    def _select(self, depth: int) -> tuple[str, Columns]:
        source, columns = self._source(depth)
        if not self.is_plain and self.random.random() < 0.2 and " JOIN " not in source:
            return self._star(source, columns)
        choices_by_name = {
            self._name(): self.random.choice(("BIGINT", "VARCHAR")) for _ in range(3)
        }
        chosen = ", ".join(
            f"{self.value(columns, kind)} AS {name}" for name, kind in choices_by_name.items()
        )
        distinct = "DISTINCT " if self.random.random() < 0.15 else ""
        order = ""
        if self.random.random() < 0.2 and not distinct and not self.is_plain:
            order = f" ORDER BY {self.random.choice(list(columns))}, 1, 2, 3 LIMIT 5"
        return (
            f"SELECT {distinct}{chosen} FROM {source}{self._where(columns)}{order}",
            choices_by_name,
        )

    def _star(self, source: str, columns: Columns) -> tuple[str, Columns]:
        """`*` but a few, one of them replaced."""
        plain = {name.partition(".")[2]: kind for name, kind in columns.items()}
        left_out = self.random.choice(list(plain))
        kept = {name: kind for name, kind in plain.items() if name != left_out}
        if not kept or len(plain) < len(columns):
            return f"SELECT * FROM {source}", plain
        name = self.random.choice(list(kept))
        new = self.value({name: kept[name]}, kept[name], 0)
        sql = f"SELECT * EXCLUDE ({left_out}) REPLACE ({new} AS {name}) FROM {source}"
        return sql + self._where(columns), kept

    def _grouped(self, depth: int) -> tuple[str, Columns]:
        source, columns = self._source(depth)
        keys = self._some(columns, 2)
        columns_by_name = {self._name(): columns[key] for key in keys}
        chosen = [f"{key} AS {name}" for key, name in zip(keys, columns_by_name, strict=True)]
        for how in self.random.sample(("count(*)", "sum", "min", "max", "count"), 2):
            name = self._name()
            columns_by_name[name] = "BIGINT"
            value = self.value(columns, "BIGINT")
            filtered = ""
            if not self.is_plain and self.random.random() < 0.2:
                filtered = f" FILTER (WHERE {self.condition(columns, 0)})"
            figure = how if how == "count(*)" else f"CAST({how}({value}){filtered} AS BIGINT)"
            chosen.append(f"{figure} AS {name}")
        having = " HAVING count(*) > 1" if self.random.random() < 0.2 else ""
        by = ", ".join(keys)
        if not self.is_plain and self.random.random() < 0.3:
            by = "ALL"
        return (
            f"SELECT {', '.join(chosen)} FROM {source}{self._where(columns)} GROUP BY {by}{having}",
            columns_by_name,
        )

    def _union(self, depth: int) -> tuple[str, Columns]:
        """Rows of two queries, made alike."""
        sides = []
        names = [self._name() for _ in range(2)]
        for _ in range(2):
            source, columns = self._source(depth - 1)
            values = (self.value(columns, kind) for kind in ("BIGINT", "VARCHAR"))
            chosen = ", ".join(f"{name} AS {n}" for name, n in zip(values, names, strict=True))
            sides.append(f"SELECT {chosen} FROM {source}{self._where(columns)}")
        how = self.random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
        if not self.is_plain and self.random.random() < 0.3:
            how = "UNION ALL BY NAME"
        return f" {how} ".join(sides), dict(zip(names, ("BIGINT", "VARCHAR"), strict=True))

    def _with(self, depth: int) -> tuple[str, Columns]:
        """A table of WITH, called as a table is, read twice."""
        name = "w" if self.is_plain else self.random.choice(("t", "w"))
        inner, columns = self.query(depth - 1)
        own = {f"{name}.{sql_type}": kind for sql_type, kind in columns.items()}
        kinds_by_name = {self._name(): kind for kind in ("BIGINT", "VARCHAR")}
        chosen = ", ".join(
            f"{self.value(own, kind, 0)} AS {name}" for name, kind in kinds_by_name.items()
        )
        key = self.random.choice(list(columns))
        twice = f" WHERE {name}.{key} IN (SELECT max({key}) FROM {name})"
        return f"WITH {name} AS ({inner}) SELECT {chosen} FROM {name}{twice}", kinds_by_name

    def _windowed(self, depth: int) -> tuple[str, Columns]:
        source, columns = self._source(depth)
        part, order = self.random.choice(list(columns)), ", ".join(columns)
        name, kept = self._name(), self.random.choice(list(columns))
        other = self._name()
        window = f"OVER (PARTITION BY {part} ORDER BY {order})"
        qualify = f" QUALIFY {name} <= 2" if self.random.random() < 0.5 else ""
        sql = f"SELECT {kept} AS {other}, row_number() {window} AS {name} FROM {source}"
        return f"{sql}{self._where(columns)}{qualify}", {other: columns[kept], name: "BIGINT"}

    def _distinct_on(self, depth: int) -> tuple[str, Columns]:
        source, columns = self._source(depth)
        key, kept = (self.random.choice(list(columns)) for _ in range(2))
        name = self._name()
        order = ", ".join([key, *columns])
        sql = f"SELECT DISTINCT ON ({key}) {kept} AS {name} FROM {source} ORDER BY {order}"
        return f"SELECT * FROM ({sql}) AS {self._name('s')}", {name: columns[kept]}

    def _recursive(self, depth: int) -> tuple[str, Columns]:
        table, key, other = self.random.choice((("t", "a", "c"), ("v", "c", "g"), ("u", "a", "e")))
        del depth
        sql = (
            f"WITH RECURSIVE r(n, m) AS (SELECT {key}, 1 FROM {table} UNION SELECT i.{other}, m + 1"
            f" FROM r JOIN {table} AS i ON i.{key} = n WHERE m < 3) SELECT n AS k, m AS l FROM r"
        )
        return sql, {"k": "BIGINT", "l": "BIGINT"}

    def _pivot(self, depth: int) -> tuple[str, Columns]:
        del depth
        table, on, value, key = self.random.choice((("t", "b", "a", "d"), ("v", "f", "g", "c")))
        sql = (
            f"PIVOT {table} ON {on} IN ('x', 'y') USING CAST(sum({value}) AS BIGINT) GROUP BY {key}"
        )
        kept = {key: TABLES[table][key], "x": "BIGINT"}
        return f"SELECT {key}, x FROM ({sql})", kept

    def _unpivot(self, depth: int) -> tuple[str, Columns]:
        del depth
        return "SELECT d, n, w FROM (UNPIVOT t ON a, c INTO NAME n VALUE w)", {
            "d": "VARCHAR",
            "n": "VARCHAR",
            "w": "BIGINT",
        }


def rows_of(table: str, random: Random, count: int = 8) -> list[tuple[object, ...]]:
    """Rows with few different values, so that some meet."""
    kinds = TABLES[table].values()
    return [
        tuple(
            None
            if random.random() < 0.1
            else (random.randint(0, 5) if kind == "BIGINT" else random.choice(WORDS))
            for kind in kinds
        )
        for _ in range(count)
    ]
