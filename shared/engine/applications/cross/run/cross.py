"""Crosses two tables on a key, in DuckDB, and accounts for every key of the main one."""

from collections.abc import Mapping, Sequence
from functools import partial

from shared.engine.applications.cross.application import SUCCESSOR_COLUMNS, CrossParameters
from shared.engine.applications.cross.run.key_mapping import (
    cog_warnings,
    crossed_keys,
    first_part,
    further_parts,
    map_side,
    mapping_in_words,
    mapping_report,
    shown_parts,
)
from shared.engine.applications.cross.run.key_sums import CELL, key_sums, weight_of
from shared.engine.applications.cross.run.key_tables import (
    ALONE,
    LEFT,
    JoinBound,
    Side,
    cells,
    few_rows,
    key_text,
    keys,
)
from shared.engine.applications.cross.run.meetings import (
    ROWS_EACH,
    SUCCESSORS,
    bound,
    make_meetings,
    measure,
    preview_told,
    relation_of,
)
from shared.engine.contract.crossing_size import CrossingSize
from shared.engine.contract.result import Report
from shared.engine.database import count, evenly, quoted
from shared.engine.reading.privacy.column_sample import SAMPLE
from shared.engine.reading.privacy.disclosure import redacted
from shared.engine.running.steps.workbench import Figure, Figures, Workbench, added_up
from shared.engine.tables.column_names import unique
from shared.engine.tables.multiplicity import Relation
from shared.errors import Invalid, Rejected
from shared.language.french import counted


def join_tables(
    workbench: Workbench, keys: tuple[str, str], how: str, of: JoinBound, sums: Figures = ()
) -> dict[str, str]:
    """Make the output, in the order of the left table; returns the right columns renamed.

    What is read once has no order: to number rows takes most of a large crossing's time. `sums` are
    figures of left rows that stand beside the cells of their key.
    """
    left, right = keys
    kept, added = list(workbench.columns("left")), list(workbench.columns("right"))
    new = unique(added, kept)
    renamed = {old: name for old, name in zip(added, new, strict=True) if old != name}
    chosen = [f"l.c{number} AS {quoted(name)}" for number, name in enumerate(kept)]
    chosen += [f"r.c{number} AS {quoted(name)}" for number, name in enumerate(new)]
    join = "JOIN" if how in ("inner", "right") else "LEFT JOIN"
    of_left = _columns(workbench.tables["left"].name, kept, left)
    of_right = _columns(workbench.tables["right"].name, added, right)
    if how == "anti":
        _make_anti(workbench, kept, of_left)
        return {}
    if workbench.summed and of.rows_of_a_key is None and how in ("left", "inner"):
        crossed = f"{join} ({_met_once(of, of_right)}) r ON r.met = l.cell"
        by_key = [f"l.cell AS {quoted(name)}" for name in kept if quoted(name) == left]
        by_key += [*chosen[len(kept) :], *(f"l.{quoted(figure.sql)}" for figure in sums)]
        with_keys = f"{join} ({_with_keys(of_right)}) r ON r.key = l.key"
        met = f"{cells('left')} l {with_keys if of.are_equal else crossed}"
        summed_by_key = f"SELECT {', '.join(by_key)} FROM {met}" if sums else ""
        _make_as_read(workbench, of_left, crossed, chosen, summed_by_key)
        return renamed
    numbered = f"(SELECT row_number() OVER () AS number, {key_text('cell')} AS key, * FROM (SELECT"
    workbench.make(f"""
        SELECT {", ".join(chosen)} FROM {numbered} {of_left})) l
        LEFT JOIN {of.meetings} m ON m.left_key = l.key
        {join} {few_rows(f"{numbered} {of_right}))", of)} r ON r.key = m.right_key
        ORDER BY l.number, r.number
    """)
    if how in ("right", "full"):
        empty = [f"NULL AS {quoted(name)}" for name in kept]
        _add_alone(workbench, [*empty, *chosen[len(kept) :]], f"{numbered} {of_right})) r")
    return renamed


def _make_as_read(
    workbench: Workbench, left: str, crossed: str, chosen: Sequence[str], added_up: str
) -> None:
    """Cross the rows each time that they are read; and their sums by key, if any."""
    select = f"SELECT {', '.join(chosen)} FROM"
    some = evenly(SAMPLE, max(SAMPLE, workbench.tables["left"].rows))
    workbench.make_as_read(
        f"{select} (SELECT {left}) l {crossed}",
        f"{select} (SELECT {left} QUALIFY {some}) l {crossed}",
        added_up,
    )


def _met_once(of: JoinBound, of_right: str) -> str:
    """Return the right rows that each cell of the left key meets, in SQL."""
    return f"""
        SELECT x.cell AS met, r.* FROM {cells("left")} x
        JOIN {of.meetings} m ON m.left_key = x.key
        JOIN ({_with_keys(of_right)}) r ON r.key = m.right_key
    """


def _with_keys(rows: str) -> str:
    return f"SELECT {key_text('cell')} AS key, * FROM (SELECT {rows})"


def _add_alone(workbench: Workbench, chosen: list[str], right: str) -> None:
    """Add right rows that meet nothing behind the others; a trial adds as many as it samples."""
    limit = f"LIMIT {workbench.sample_rows}" if workbench.sample_rows else ""
    workbench.database.execute(
        f"INSERT INTO {quoted(workbench.output)} SELECT {', '.join(chosen)} FROM {right}"
        f" WHERE {ALONE.format('r.key')} ORDER BY r.number {limit}"
    )


def _make_anti(workbench: Workbench, kept: list[str], of_left: str) -> None:
    """Make the table of left rows whose key meets nothing, in their order."""
    chosen = ", ".join(f"c{number} AS {quoted(name)}" for number, name in enumerate(kept))
    met = f"SELECT key FROM {LEFT} WHERE met"
    workbench.make(f"""
        SELECT {chosen} FROM (SELECT {of_left}) WHERE {key_text("cell")} IS NULL
        OR {key_text("cell")} NOT IN ({met})
    """)


def _columns(table: str, columns: list[str], key: str) -> str:
    """Return the cell of a table's key, and its columns called c0, c1...: no name can meet ours."""
    named = ", ".join(f"{quoted(name)} AS c{number}" for number, name in enumerate(columns))
    return f"{key} AS cell, {named} FROM {quoted(table)}"


MAX_ORPHANS = 1000
"""How many keys without a match are listed, the heaviest first; all are counted."""

SEPARATOR = "|"
"""Between the codes of `anciensCodes`."""


def run(workbench: Workbench, parameters: CrossParameters) -> Report:
    """Make the crossed table; the report lists the keys not found as they are, with their weight.

    Keys meet that are equal, or lead to an equal key through a crosswalk. A left key that the
    right table lacks is looked up among the communes: a former code of one present commune, or a
    delegated or associated commune of one. It is crossed with that one commune's row; when several
    claim it, it stays without a match. Raises Rejected, before rows are made, where they are too
    many, or repeat those of both tables and the treatment refuses that; a trial makes some of them,
    and the report says how many the whole tables would.
    """
    left, right = crossed_keys(workbench, parameters)
    sums, (weight, whole) = key_sums(workbench, parameters, left), weight_of(workbench, parameters)
    workbench.say(0.1, "relève les clés")
    _make_successors(workbench)
    _make_keys(workbench, "right", right, Figure("count", "*"))
    _make_keys(workbench, "left", left, weight, sums)
    _lengthen_successors(workbench, parameters)
    vias: dict[Side, str | None] = {"left": parameters.left_via, "right": parameters.right_via}
    mapped = {side: map_side(workbench, side, via) for side, via in vias.items()}
    are_equal = not any(vias.values()) and "successors" not in workbench.tables
    make_meetings(workbench, mapped, are_equal=are_equal, by_crosswalk=any(vias.values()))
    relation = relation_of(workbench)
    size = _size(workbench, parameters, mapped, relation)
    workbench.say(0.4, "croise les tables")
    joined = bound(workbench, key_text(left))._replace(are_equal=are_equal)
    renamed = join_tables(workbench, (left, right), parameters.how, joined, sums)
    workbench.say(0.8, "compte ce qui manque")
    report = _account(workbench, size, whole=whole)
    report |= {"weight": parameters.weight, "renamed": renamed}
    report |= _relation_report(relation, parameters)
    report |= _crosswalk_report(workbench, vias, mapped)
    report["is_bounded"] = joined.rows_of_a_key is not None
    return report | _of_size(workbench, report, size, relation)


def _relation_report(relation: Relation, parameters: CrossParameters) -> Report:
    """Return how many rows of each side meet under one key, and how often each stands."""
    times = {"left": relation.left.at_most, "right": relation.right.at_most}
    name = relation.name.replace("_", "-") if times["left"] else "none"
    return {"relation": name, "repeated": {"left": 1} if parameters.how == "anti" else times}


def _size(
    workbench: Workbench,
    parameters: CrossParameters,
    mapped: Mapping[Side, str],
    relation: Relation,
) -> CrossingSize:
    """Return how many rows a crossing makes; raise Rejected where it would make too many."""
    size = measure(workbench, parameters.how, mapped)
    if relation.is_many_to_many and parameters.refuses_repetition:
        size = size.model_copy(update={"is_unchosen": True})
    if workbench.sample_rows is None and size.is_refused:
        raise Rejected(size.refusal)
    return size


def _make_successors(workbench: Workbench) -> None:
    """Make the table of gone codes, each with the one present commune that took its place."""
    if "successors" not in workbench.tables:
        empty = "SELECT '' AS gone, '' AS successor LIMIT 0"
        workbench.database.execute(f"CREATE OR REPLACE TABLE {SUCCESSORS} AS {empty}")
        return
    columns = workbench.columns("successors")
    for column in SUCCESSOR_COLUMNS:
        if column not in columns:
            raise Invalid(f"la table des communes n'a pas de colonne « {column} »", "successors")
    source = quoted(workbench.tables["successors"].name)
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {SUCCESSORS} AS
        SELECT gone, min(successor) AS successor FROM (
            SELECT unnest(string_split("anciensCodes", '{SEPARATOR}')) AS gone, code AS successor
            FROM {source} WHERE type = 'commune-actuelle'
            UNION ALL
            SELECT code, "chefLieu" FROM {source} WHERE type <> 'commune-actuelle'
        ) WHERE gone <> '' AND successor <> '' GROUP BY gone HAVING count(DISTINCT successor) = 1
    """)


def _lengthen_successors(workbench: Workbench, parameters: CrossParameters) -> None:
    """Extend the successors to keys of several columns: the first part is the code, others stay."""
    if not parameters.keys:
        return
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {SUCCESSORS} AS
        SELECT key AS gone, successor || {further_parts("key")} AS successor
        FROM {keys("left")} JOIN {SUCCESSORS} ON gone = {first_part("key")}
    """)


def _make_keys(
    workbench: Workbench, side: Side, cell: str, weight: Figure, sums: Figures = ()
) -> None:
    """Make the tables of a side's cells and keys in the whole table, with that of rows without one.

    To trim each of millions of cells takes longer than to count them as they are written. `sums`
    are more figures to have of each cell.
    """
    table, added = workbench.tables[side], partial(workbench.added, role=side)
    more = "".join(f", {added(*figure)} AS {quoted(figure.sql)}" for figure in sums)
    if is_added_up := workbench.is_added_up(side):
        cell = quoted(CELL)
    source = added_up(table.name) if is_added_up else table.whole
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {cells(side)} AS SELECT *, {key_text("cell")} AS key FROM (
            SELECT {cell} AS cell, {added("count", "*")} AS n,
                coalesce({added(*weight)}, 0) AS weight{more}
            FROM {quoted(source)} GROUP BY ALL
        )
    """)
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {keys(side)} AS
        SELECT key, CAST(sum(n) AS BIGINT) AS n, sum(weight) AS weight FROM {cells(side)}
        GROUP BY ALL
    """)


def _account(workbench: Workbench, size: CrossingSize, *, whole: bool) -> Report:
    """Report what met directly, through a successor, or not at all, in keys and weight."""
    as_number = int if whole else float
    parts = {"found": (0, 0, 0), "succeeded": (0, 0, 0), "unmatched": (0, 0, 0)}
    for part, *figures in workbench.rows(f"""
        SELECT CASE WHEN found THEN 'found' WHEN met THEN 'succeeded' ELSE 'unmatched' END,
            count(*), sum(n), sum(weight) FROM {LEFT} GROUP BY ALL
    """):
        parts[part] = tuple(figures)
    total = sum(weight for _, _, weight in parts.values())
    orphans = workbench.rows(f"""
        SELECT coalesce(key, ''), n, weight, successor, met FROM {LEFT}
        WHERE NOT found ORDER BY weight DESC, key LIMIT {MAX_ORPHANS}
    """)
    shown_keys = _shown([key for key, *_ in orphans])
    return {
        "keys": {
            part: {
                "keys": int(number_of_keys),
                "rows": int(rows),
                "weight": as_number(weight),
                "share": round(float(weight / total), 6) if total else 0.0,
            }
            for part, (number_of_keys, rows, weight) in parts.items()
        },
        "orphans": [
            {
                "key": key,
                "rows": int(rows),
                "weight": as_number(weight),
                "successor": successor,
                "crossed": crossed,
            }
            for key, (_, rows, weight, successor, crossed) in zip(shown_keys, orphans, strict=True)
        ],
        "rows": _rows(workbench, size),
    }


def _shown(keys_of_rows: list[str]) -> list[str | None]:
    """Return the keys as reports list them: none of which a part is a person's."""
    parts = [shown_parts(key) for key in keys_of_rows]
    most = max(map(len, parts), default=1)
    if most == 1:
        return redacted(keys_of_rows)
    padded = [[*key_parts, *([""] * (most - len(key_parts)))] for key_parts in parts]
    columns = [redacted([key_parts[at] for key_parts in padded]) for at in range(most)]
    rows = zip(*columns, strict=True)
    return [None if None in row else " | ".join(map(str, row)) for row in rows]


def _rows(workbench: Workbench, size: CrossingSize) -> dict[str, int]:
    is_counted = workbench.sample_rows is None
    left, right = workbench.tables["left"], workbench.tables["right"]
    return {
        "left": left.whole_rows,
        "right": right.rows,
        "crossed": left.rows,
        "out": size.out if is_counted else count(workbench.database, workbench.output),
    }


def _crosswalk_report(
    workbench: Workbench, vias: Mapping[Side, str | None], mapped: Mapping[Side, str]
) -> Report:
    """Return what crosswalks did, or the warning that one would do something.

    `gained` are the left keys that met only because of them, `lost` those that are equal to a right
    key, and do not meet since what that leads to is another.
    """
    used = {side: via for side, via in vias.items() if via}
    crosswalks = {s: mapping_report(workbench, s, mapped[s], via) for s, via in used.items()}
    if not crosswalks:
        ((met,),) = workbench.rows(f"SELECT count(*) FROM {LEFT} WHERE met")
        return {"passages": {}, "warnings": cog_warnings(workbench, int(met))}
    figures = {}
    for what, condition in (
        ("gained", "met AND r.key IS NULL"),
        ("lost", "r.key = l.key AND NOT met"),
    ):
        ((number_of_keys, rows),) = workbench.rows(f"""
            SELECT count(*), sum(l.n) FROM {LEFT} l LEFT JOIN {keys("right")} r ON r.key = l.key
            WHERE {condition}
        """)
        figures[what] = {"keys": int(number_of_keys), "rows": int(rows or 0)}
    return {"passages": crosswalks, "warnings": [], **figures}


def _in_words(report: Report) -> list[str]:
    counts, rows, crosswalks = report["keys"], report["rows"], report["passages"]
    gone = counts["succeeded"]["keys"] + counts["unmatched"]["keys"]
    missing = (
        counted(gone, "clé", "clés") + " sans correspondance après passage"
        if crosswalks
        else counted(gone, "clé absente telle quelle", "clés absentes telles quelles")
    )
    followed = counted(counts["succeeded"]["keys"], "clé rattachée", "clés rattachées")
    crossed = counted(rows["crossed"], "ligne croisée", "lignes croisées")
    lost = f"{100 * counts['unmatched']['share']:.2f}".replace(".", ",")
    parts = [
        f"{crossed}, {counted(rows['out'], 'obtenue', 'obtenues')}",
        missing,
        f"{followed} à la commune qui lui succède",
        f"{lost} % du poids reste sans correspondance",
        *(mapping_in_words(side, mapping) for side, mapping in crosswalks.items()),
        *(warning["told"] for warning in report["warnings"]),
    ]
    if crosswalks:
        lines = counted(report["gained"]["rows"] - report["lost"]["rows"], "ligne", "lignes")
        parts.append(f"les passages donnent une correspondance à {lines} de plus")
    return parts


def _of_size(
    workbench: Workbench, report: Report, size: CrossingSize, relation: Relation
) -> Report:
    """Report what multiplies rows, the size of the whole crossing, and the preview's accuracy."""
    is_full = workbench.sample_rows is None
    is_known = all(table.is_whole for table in workbench.tables.values())
    size_report: Report = {"size": size.model_dump() if is_known else None}
    parts = _in_words(report)
    parts += [f"l'essai garde au plus {ROWS_EACH} rencontres par ligne"] * report["is_bounded"]
    if relation.is_many_to_many and (is_full or is_known):
        parts.append(f"{'' if is_full else 'en entier, '}{size.repeated}")
    elif is_known and not is_full:
        parts.append(f"en entier, {size.in_words}")
    if is_known and workbench.expected_rows is not None:
        size_report["preview"] = {"rows": workbench.expected_rows, "made": size.out}
        parts.append(preview_told(workbench.expected_rows, size.out))
    return size_report | {"summary": " ; ".join(parts)}
