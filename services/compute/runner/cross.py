"""Crosses two tables on a key, in DuckDB, and accounts for every key of the main one."""

from services.compute.applications.cross import CrossParameters
from services.compute.runner.bench import Bench, Report, count
from services.compute.runner.names import quoted, unique
from services.compute.runner.numbers import number
from shared.errors import Invalid

MAX_ORPHANS = 1000
"""How many keys without a match are listed, the heaviest first; all are counted."""

SEPARATOR = "|"
"""Between the codes of `anciensCodes`."""

_LEFT, _RIGHT, _SUCCESSORS = "left keys", "right keys", "successors of codes"
_SUCCESSOR_COLUMNS = ("code", "type", "chefLieu", "anciensCodes")


def run(bench: Bench, parameters: CrossParameters) -> Report:
    """Make the crossed table; the report lists the keys not found as they are, with their weight.

    A left key that the right table lacks is looked up among the communes: a former code of one
    present commune, or a delegated or associated commune of one. It is crossed with that one
    commune's row; when several claim it, it stays without a match.
    """
    left = _key(bench.column("left", parameters.left_key, "left_key"))
    right = _key(bench.column("right", parameters.right_key, "right_key"))
    weight, whole = "1", True
    if parameters.weight:
        weight, whole = number(bench, "left", parameters.weight, "weight")
    bench.say(0.1, "relève les clés")
    _make_successors(bench)
    _make_right_keys(bench, right)
    _make_left_keys(bench, left, weight if not whole else f"CAST({weight} AS HUGEINT)")
    bench.say(0.4, "croise les tables")
    renamed = _join(bench, left, right, parameters.how)
    bench.say(0.8, "compte ce qui manque")
    report = _account(bench, whole) | {"weight": parameters.weight, "renamed": renamed}
    return report | {"summary": _summary(report)}


def _key(column: str) -> str:
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')"


def _make_successors(bench: Bench) -> None:
    """Each gone code with the one present commune that takes its place."""
    name = quoted(_SUCCESSORS)
    if "successors" not in bench.tables:
        bench.database.execute(f"CREATE OR REPLACE TABLE {name} (gone VARCHAR, successor VARCHAR)")
        return
    missing = [column for column in _SUCCESSOR_COLUMNS if column not in bench.columns("successors")]
    if missing:
        raise Invalid(f"la table des communes n'a pas de colonne « {missing[0]} »", "successors")
    source = quoted(bench.tables["successors"].name)
    bench.database.execute(f"""
        CREATE OR REPLACE TABLE {name} AS
        SELECT gone, min(successor) AS successor FROM (
            SELECT unnest(string_split("anciensCodes", '{SEPARATOR}')) AS gone, code AS successor
            FROM {source} WHERE type = 'commune-actuelle'
            UNION ALL
            SELECT code, "chefLieu" FROM {source} WHERE type <> 'commune-actuelle'
        ) WHERE gone <> '' AND successor <> '' GROUP BY gone HAVING count(DISTINCT successor) = 1
    """)


def _make_right_keys(bench: Bench, key: str) -> None:
    bench.database.execute(f"""
        CREATE OR REPLACE TABLE {quoted(_RIGHT)} AS
        SELECT {key} AS key, count(*) AS n FROM {quoted(bench.tables["right"].name)}
        WHERE {key} IS NOT NULL GROUP BY ALL
    """)


def _make_left_keys(bench: Bench, key: str, weight: str) -> None:
    """Every key of the whole left table, with the right key it is crossed with, if any."""
    bench.database.execute(f"""
        CREATE OR REPLACE TABLE {quoted(_LEFT)} AS
        SELECT l.key, l.n, l.weight, f.key IS NOT NULL AS found, g.successor,
            coalesce(f.key, s.key) AS met
        FROM (
            SELECT {key} AS key, count(*) AS n, coalesce(sum({weight}), 0) AS weight
            FROM {quoted(bench.tables["left"].whole)} GROUP BY ALL
        ) l
        LEFT JOIN {quoted(_RIGHT)} f ON f.key = l.key
        LEFT JOIN {quoted(_SUCCESSORS)} g ON g.gone = l.key AND f.key IS NULL
        LEFT JOIN {quoted(_RIGHT)} s ON s.key = g.successor
    """)


def _join(bench: Bench, left: str, right: str, how: str) -> dict[str, str]:
    """Make the output, in the order of the left table; returns the right columns renamed."""
    kept, added = list(bench.columns("left")), list(bench.columns("right"))
    new = unique(added, kept)
    chosen = [f"l.c{number} AS {quoted(name)}" for number, name in enumerate(kept)]
    chosen += [f"r.c{number} AS {quoted(name)}" for number, name in enumerate(new)]
    join = "JOIN" if how == "inner" else "LEFT JOIN"
    bench.make(f"""
        SELECT {", ".join(chosen)}
        FROM {_numbered(bench.tables["left"].name, kept, left)} l
        LEFT JOIN {quoted(_LEFT)} k ON k.key = l.key
        {join} {_numbered(bench.tables["right"].name, added, right)} r ON r.key = k.met
        ORDER BY l.number, r.number
    """)
    return {old: name for old, name in zip(added, new, strict=True) if old != name}


def _numbered(table: str, columns: list[str], key: str) -> str:
    """A table with its rows numbered and its columns called c0, c1...: no name can meet ours."""
    named = ", ".join(f"{quoted(name)} AS c{number}" for number, name in enumerate(columns))
    return f"(SELECT row_number() OVER () AS number, {key} AS key, {named} FROM {quoted(table)})"


def _account(bench: Bench, whole: bool) -> Report:
    """What was found, what was found through a successor, and what was not, in keys and weight."""
    as_number = int if whole else float
    parts = {"found": (0, 0, 0), "succeeded": (0, 0, 0), "unmatched": (0, 0, 0)}
    for part, *figures in bench.rows(f"""
        SELECT CASE WHEN found THEN 'found' WHEN met IS NULL THEN 'unmatched' ELSE 'succeeded' END,
            count(*), sum(n), sum(weight) FROM {quoted(_LEFT)} GROUP BY ALL
    """):
        parts[part] = tuple(figures)
    total = sum(weight for _, _, weight in parts.values())
    orphans = bench.rows(f"""
        SELECT coalesce(key, ''), n, weight, successor, met IS NOT NULL FROM {quoted(_LEFT)}
        WHERE NOT found ORDER BY weight DESC, key LIMIT {MAX_ORPHANS}
    """)
    return {
        "keys": {
            part: {
                "keys": int(keys),
                "rows": int(rows),
                "weight": as_number(weight),
                "share": round(float(weight / total), 6) if total else 0.0,
            }
            for part, (keys, rows, weight) in parts.items()
        },
        "orphans": [
            {
                "key": key,
                "rows": int(rows),
                "weight": as_number(weight),
                "successor": successor,
                "crossed": crossed,
            }
            for key, rows, weight, successor, crossed in orphans
        ],
        "relation": _relation(bench),
        "rows": _rows(bench),
    }


def _relation(bench: Bench) -> str:
    """How many rows of each side meet under one key: `many-to-one` adds columns and no rows."""
    ((left, right),) = bench.rows(f"""
        SELECT coalesce(max(l.n), 0), coalesce(max(r.n), 0) FROM (
            SELECT met, sum(n) AS n FROM {quoted(_LEFT)} WHERE met IS NOT NULL GROUP BY met
        ) l JOIN {quoted(_RIGHT)} r ON r.key = l.met
    """)
    if not right:
        return "none"
    return f"{'many' if left > 1 else 'one'}-to-{'many' if right > 1 else 'one'}"


def _rows(bench: Bench) -> dict[str, int]:
    left, right = bench.tables["left"], bench.tables["right"]
    return {
        "left": left.whole_rows,
        "right": right.rows,
        "crossed": left.rows,
        "out": count(bench.database, bench.output),
    }


def _summary(report: Report) -> str:
    keys, rows = report["keys"], report["rows"]
    gone = keys["succeeded"]["keys"] + keys["unmatched"]["keys"]
    lost = f"{100 * keys['unmatched']['share']:.2f}".replace(".", ",")
    return (
        f"{rows['crossed']} lignes croisées, {rows['out']} obtenues ; {gone} clés absentes telles"
        f" quelles, dont {keys['succeeded']['keys']} rattachées à la commune qui leur succède ;"
        f" {lost} % du poids reste sans correspondance"
    )
