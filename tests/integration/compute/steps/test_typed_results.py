"""Results have the types that their sources were read to hold; codes stay text."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.integration.compute.jobs import DEMO, RunOutcome, Tables, ingest, step, treat

SHOPS = (
    "com;siren;montant;taux;ouverture;mois;menages;actif;nom\n"
    "01004;732 829 320;1\u202f234,56 €;12,5 %;31/01/2024;05/2024;12;oui;Été\n"
    "14118;356000000;(12,00 €);3 %;01/02/2024;06/2024;s;non;=A1\n"
    "2A004;552081317;0 €;-0,1 %;29/02/2024;07/2024;<5;oui;\n"
).encode()
COMMUNES = DEMO / "communes_2026.csv"
CROSS = step(
    "cross", {"left": "shops", "right": "shops_again"}, "c", left_key="siren", right_key="siren"
)


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The shops, crossed with themselves."""
    return treat(tmp_path_factory.mktemp("crossed"), {"shops": SHOPS, "shops_again": SHOPS}, CROSS)


def types_of(run: RunOutcome) -> dict[str, str]:
    """The types of the result's columns, as Parquet has them."""
    schema = parquet.read_schema(run.output_path("result.parquet"))
    return {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}


def test_columns_of_a_result_have_real_types(crossed: RunOutcome) -> None:
    """Codes stay text, months have no day, and oui stays oui."""
    first = {name: kind for name, kind in types_of(crossed).items() if not name.endswith("_2")}
    assert first == {
        "com": "string",
        "siren": "string",
        "montant": "double",
        "taux": "double",
        "ouverture": "date32[day]",
        "mois": "string",
        "menages": "int64",
        "actif": "string",
        "nom": "string",
    }
    rows = parquet.read_table(crossed.output_path("result.parquet")).to_pylist()
    assert [row["com"] for row in rows] == ["01004", "14118", "2A004"]
    assert [row["siren"] for row in rows] == ["732829320", "356000000", "552081317"]
    assert [row["montant"] for row in rows] == [1234.56, -12.0, 0.0]
    assert [row["taux"] for row in rows] == [12.5, 3.0, -0.1]
    assert [str(row["ouverture"]) for row in rows] == ["2024-01-31", "2024-02-01", "2024-02-29"]
    assert [row["mois"] for row in rows] == ["2024-05", "2024-06", "2024-07"]
    assert [row["nom"] for row in rows] == ["Été", "=A1", None]


def test_csv_of_a_result_holds_the_same_values_and_no_formulas(
    crossed: RunOutcome, tmp_path: Path
) -> None:
    """For programs: points before decimals, days as ISO writes them.

    A person opens it too: texts that a spreadsheet would work out are shown, numbers stay.
    """
    lines = crossed.output_path("result.csv").read_text("utf-8").splitlines()
    assert lines[1].startswith("01004;732829320;1234.56;12.5;2024-01-31;2024-05;12;oui;Été;")
    assert lines[2].startswith("14118;356000000;-12.0;3.0;2024-02-01;2024-06;;non;'=A1;")
    texts = (
        "=k;note\n1;=1+1\n2;-1+1\n3;+33 6 12\n4;-5 %\n5;@SUM(1)\n6;-\n7;'5\n"
        "8;\"\t=1\"\n9;-2+3+cmd|' /C calc'!A0\n"
    )
    figures = step("aggregate", {"table": "t"}, "r", by=["note"], counts=["=k"])
    run = treat(tmp_path / "texts", {"t": texts.encode()}, figures).output_path("result.csv")
    result_lines = run.read_text("utf-8").splitlines()
    assert {line.split(";")[0] for line in result_lines[1:]} == {
        *("'=1+1", "'-1+1", "+33 6 12", "-5 %", "'@SUM(1)", "-", "'5"),
        *("'\t=1", "'-2+3+cmd|' /C calc'!A0"),
    }
    assert result_lines[0] == "note;'=k_nombre"


def test_cells_that_are_no_number_are_empty_and_told(crossed: RunOutcome) -> None:
    """`s` and `<5` are kept by the dataset, and are no numbers of the result."""
    run = crossed
    table = parquet.read_table(run.output_path("result.parquet"))
    assert table["menages"].to_pylist() == [12, None, None]
    warnings = [warning for warning in run.reports[-1]["warnings"] if warning["kind"] == "withheld"]
    assert [(warning["column"], warning["cells"]) for warning in warnings] == [
        ("menages", 2),
        ("menages_2", 2),
    ]
    words = (
        "2 valeurs secrètes ou non communiquées (« <5 » et « s ») restent vides dans « menages »"
    )
    assert words in run.reports[-1]["summary"]
    described = {column["name"]: column["description"] for column in run.reports[-1]["described"]}
    assert described["menages"] == f"{words}."


SWIMMERS = b"com;zone;nageurs\n" + b"".join(
    b"%05d;%d;%s\n" % (14000 + at, at % 2, (b"nc", b"s", b"%d" % (100 + at))[min(at % 8, 2)])
    for at in range(80)
)
"""Of 80 figures, 20 are secret."""

SUMS = (
    step("aggregate", {"table": "t"}, "r", by=["zone"], sums=["nageurs"], counts=["com"]),
    step("query", {"r": "r"}, "q", sql="SELECT zone, nageurs * 2 AS fois_deux FROM r"),
    step("report", {"table": "q"}, "page", title="Nageurs"),
)
NOT_COUNTED = "valeurs secrètes ou non communiquées (« nc » et « s ») ne sont pas comptées dans"


def test_sums_say_of_secret_values_that_they_are_not_in_them(tmp_path: Path) -> None:
    """In step, report and summary, and of columns made of such sums when these are delivered."""
    run = treat(tmp_path, {"t": SWIMMERS}, *SUMS)
    text = f"20 {NOT_COUNTED} « nageurs »"
    assert text in run.reports[0]["summary"]
    assert text in run.output_path("report.html").read_text()
    assert "ni nombres" not in run.reports[0]["summary"]
    assert run.reports[-1]["secret_values"] == f"{text}."
    assert run.reports[-1]["described"] == [{"name": "fois_deux", "description": f"{text}."}]


def test_secret_values_of_restricted_data_are_named_and_not_counted(tmp_path: Path) -> None:
    """Their marks are in the catalogue; how many there are tells of units."""
    protected = {"t": {"dataset_id": "dts_t", "version": 1}}
    sentence = f"Les {NOT_COUNTED} « nageurs »."
    few, many = SWIMMERS, SWIMMERS.replace(b";102\n", b";nc\n")
    told_parts = []
    for name, content in (("few", few), ("many", many)):
        run = treat(tmp_path / name, {"t": content}, *SUMS[:1], protected=protected)
        told_parts.append(
            [run.reports[-1][part] for part in ("secret_values", "described", "warnings")]
        )
        assert run.reports[-1]["secret_values"] == sentence
        assert {"name": "nageurs", "description": sentence} in run.reports[-1]["described"]
    assert told_parts[0] == told_parts[1]


def test_few_codes_stay_text_as_their_source_has_them(tmp_path: Path) -> None:
    """A single commune is no number of five digits, whatever its column is called."""
    lines = COMMUNES.read_bytes().replace(b"code;", b"x;", 1).splitlines(keepends=True)
    communes = b"".join([*lines[:50], *(line for line in lines if line.startswith(b"14118;"))])
    roles = {"left": "a", "right": "b"}
    crossing = step("cross", roles, "c", left_key="k", right_key="x", how="inner")
    few = treat(tmp_path, {"a": b"k\n14118\n", "b": communes}, crossing)
    result = parquet.read_table(few.output_path("result.parquet"))
    assert result["x"].to_pylist() == ["14118"]
    assert result["population"].type == pa.int64()


def test_result_that_is_taken_in_again_keeps_its_types_and_units(
    crossed: RunOutcome, tmp_path: Path
) -> None:
    """As a delivered project gives it back to the catalogue, and another project reads it.

    Its cells have no units any more; crossed once more, it still has them.
    """
    first = crossed.output_path("result.parquet")
    again = ingest(tmp_path / "again", first, "result.parquet")
    keys = {
        column["name"]: column["key"] for column in again.reports[0]["columns"] if column["key"]
    }
    assert keys == {"com": "commune", "siren": "siren", "com_2": "commune", "siren_2": "siren"}
    units = {"montant": "€", "taux": "%", "montant_2": "€", "taux_2": "%"}
    assert units_of(again) == units
    tables: Tables = {"shops": first, "shops_again": b"siren;n\n356000000;1\n"}
    second = treat(tmp_path / "second", tables, CROSS)
    kept = types_of(second)
    assert {name: kept[name] for name in types_of(crossed)} == types_of(crossed)
    third = ingest(tmp_path / "third", second.output_path("result.parquet"), "result.parquet")
    assert units_of(third) == units


FIGURES = "k;m;numero\n" + "".join(
    f"{kind};{value};{number}\n"
    for kind, value, number in [
        ("a", "1 137,9", "1234567890123456789"),
        ("b", "1\u00a0200", "9876543210987654321"),
        ("c", "007,5", "1234567890123456780"),
        *(("a", f"{300 + at},{at % 10}", f"22222222222222222{at:02}") for at in range(40)),
    ]
)
"""A few numbers have groups of thousands or zeros before them; the last column names files."""


@pytest.mark.parametrize(
    "total",
    [
        step("aggregate", {"table": "t"}, "s", by=["k"], sums=["m"]),
        step("query", {"t": "t"}, "s", sql="SELECT k, sum(m) AS m FROM t GROUP BY k ORDER BY k"),
    ],
    ids=["aggregate", "query"],
)
def test_numbers_are_read_alike_by_all_applications(tmp_path: Path, total: dict[str, Any]) -> None:
    """Those that are written otherwise than most of their column; no binary digit is shown."""
    run = treat(tmp_path, {"t": FIGURES.encode()}, total)
    assert run.output_path("result.csv").read_text("utf-8").split() == [
        "k;m",
        "a;13935.9",
        "b;1200.0",
        "c;7.5",
    ]


def test_numbers_of_more_than_18_digits_are_text(tmp_path: Path) -> None:
    """They name something, and lose their last digits as numbers."""
    chosen = step("query", {"t": "t"}, "s", sql="SELECT numero FROM t WHERE k = 'b'")
    run = treat(tmp_path, {"t": FIGURES.encode()}, chosen)
    assert parquet.read_table(run.output_path("result.parquet")).to_pydict() == {
        "numero": ["9876543210987654321"]
    }


def test_what_is_no_number_is_an_empty_value(tmp_path: Path) -> None:
    """Neither a division by zero nor what is undefined; sums end where their figures end."""
    sql = "SELECT 1 / 0 AS a, 0.0::DOUBLE / 0 AS b, 0.1::DOUBLE + 0.2 AS c, 1e-9 AS d, -0.0 AS e"
    run = treat(tmp_path, {"t": FIGURES.encode()}, step("query", {"t": "t"}, "s", sql=sql))
    assert run.output_path("result.csv").read_text("utf-8").split()[1] == ";;0.3;1e-09;0.0"


def units_of(run: RunOutcome) -> dict[str, str]:
    """The units that a profile tells of its columns."""
    columns = run.reports[0]["columns"]
    return {
        column["name"]: column["meaning"]["unit"]
        for column in columns
        if (column["meaning"] or {}).get("unit")
    }


def test_units_of_figures_survive_unless_rates_are_added(tmp_path: Path) -> None:
    """A mean of rates is one, a sum is none; a count has no unit."""
    sums = step(
        "aggregate",
        {"table": "s"},
        "r",
        by=["actif"],
        sums=["montant", "taux"],
        means=["taux"],
        counts=["montant"],
        ratio={"name": "x", "numerator": "taux", "denominator": "montant"},
    )
    run = treat(tmp_path, {"s": SHOPS}, sums).output_path("result.parquet")
    again = ingest(tmp_path / "again", run, "result.parquet")
    assert units_of(again) == {"montant": "€", "taux_moyenne": "%", "x": "%"}


def test_units_that_a_stranger_tells_are_taken_where_they_can_be(tmp_path: Path) -> None:
    """Those that are known, of columns of numbers that exist and whose name tells no other."""
    units = '{"a": "ha", "b": "<b>", "c": "ha", "prix (€)": "ha", "z": "ha", "d": 1, "e": null}'
    numbers = {"a": [1.5], "b": [1.5], "c": ["x"], "prix (€)": [1.5], "d": [1], "e": [2]}
    for number, units_text in enumerate((units, "[" * 100_000, '["ha"]', "\udc00")):
        path = tmp_path / f"{number}.parquet"
        metadata = {"datalab_units": units_text.encode(errors="surrogatepass")}
        parquet.write_table(pa.table(numbers).replace_schema_metadata(metadata), path)
        units_by_column = units_of(ingest(tmp_path / f"job{number}", path, path.name))
        assert units_by_column == {"prix (€)": "€"} | ({"a": "ha"} if units_text == units else {})
