"""Charts, maps and reports as steps of a treatment, on real homes of Normandy."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from shared.engine.tables.manifest import Input
from tests.integration.compute.jobs import DEMO, RunOutcome, Tables, step, treat

HOMES = DEMO / "logements.csv"
COMMUNES: Tables = {"iris": HOMES, "communes": DEMO / "communes_2026.csv"}
SOURCE = Input(
    name="iris",
    dataset_id="dts_1",
    version=3,
    sha256="a" * 64,
    title="Logements par IRIS",
    licence="lov2",
    attribution="Sources : « Logements par IRIS », INSEE, mis à jour le 01/07/2024, Licence Ouverte"
    " 2.0.",
)
OTHER = SOURCE.model_copy(update={"name": "communes", "attribution": "Sources : COG."})
SVG = "{http://www.w3.org/2000/svg}"

AGGREGATE = step(
    "aggregate",
    {"table": "iris"},
    "par_commune",
    by=["com"],
    sums=["logements", "logements_vacants"],
    ratio={"name": "taux", "numerator": "logements_vacants", "denominator": "logements"},
)
CHART = step(
    "chart",
    {"table": "par_commune"},
    "graphique",
    label="com",
    value="taux",
    unit="%",
    title="Communes où les logements sont le plus souvent vacants",
)
MAP = step(
    "map",
    {"table": "graphique"},
    "carte",
    key="com",
    value="taux",
    unit="%",
    title="Logements vacants en Normandie, 2021",
)
REPORT = step(
    "report",
    {"table": "carte"},
    "rapport",
    title="Logements vacants",
    question="Où sont-ils ?",
    rows=20,
)


def _texts(path: Path) -> str:
    root = ET.fromstring(path.read_text())  # noqa: S314 - ours
    return "\n".join(text for element in root.iter(f"{SVG}text") for text in element.itertext())


def _areas(path: Path) -> dict[str, int]:
    root = ET.fromstring(path.read_text())  # noqa: S314 - ours
    groups = (
        element for element in root.iter(f"{SVG}g") if element.get("id", "").startswith("class-")
    )
    return {
        element.get("id", ""): sum(1 for _ in element.iter(f"{SVG}title")) for element in groups
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """Homes by commune as a chart, a map and a report."""
    sources = [job_input.model_dump(mode="json") for job_input in (SOURCE, OTHER)]
    folder = tmp_path_factory.mktemp("pictures")
    return treat(folder, {"iris": HOMES}, AGGREGATE, CHART, MAP, REPORT, sources=sources)


def test_files_and_the_table_that_steps_hand_on_are_the_result(whole: RunOutcome) -> None:
    """The last step's file is called by what it is, the others' by their tables.

    The table is that of the step before: 2,651 codes of communes with their rates.
    """
    media_types_by_name = {
        output["name"]: output["media_type"] for output in whole.result["outputs"]
    }
    assert media_types_by_name == {
        "result.parquet": "application/vnd.apache.parquet",
        "result.csv": "text/csv; charset=utf-8",
        "graphique.png": "image/png",
        "graphique.svg": "image/svg+xml",
        "carte.png": "image/png",
        "carte.svg": "image/svg+xml",
        "report.html": "text/html; charset=utf-8",
    }
    lines = whole.output_path("result.csv").read_text().splitlines()
    assert lines[0] == "com;logements;logements_vacants;taux"
    assert len(lines) == 2652
    assert whole.reports[-1]["privacy"]["verdict"] == "none"


def test_a_picture_names_the_sources_of_its_table_and_the_day(whole: RunOutcome) -> None:
    """Only what went into it: the table of communes was not read."""
    for name in ("graphique.svg", "carte.svg"):
        texts = _texts(whole.output_path(name)).replace("\n", " ")
        assert "« Logements par IRIS », INSEE, mis à jour le 01/07/2024" in texts
        assert "COG." not in texts.replace("Admin Express COG", "")
        assert "Dessiné le" in texts
    assert "Les 10 valeurs les plus hautes, sur 2\u202f65" in whole.reports[1]["summary"]


def test_every_commune_is_coloured_or_named(whole: RunOutcome) -> None:
    """Eight codes are gone; one commune of today has no outline, which map and report say."""
    report = whole.reports[2]
    figures = report["map"]
    assert figures["drawn"] == sum(_areas(whole.output_path("carte.svg")).values()) > 2600
    assert figures["without_outline"] == ["14581"]
    assert "14581 Aurseulles" in report["summary"]
    texts = _texts(whole.output_path("carte.svg"))
    assert "14581 Aurseulles" in texts
    assert "Contours : IGN, Admin Express COG" in texts
    assert figures["rows_elsewhere"] == figures["rows_unknown"] == 0
    assert whole.output_path("carte.svg").stat().st_size < 1_500_000


class _Page(HTMLParser):
    def __init__(self, content: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "link", "iframe", "object"}
        self.images += [dict(attrs)] if tag == "img" else []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_report_holds_everything_and_asks_for_nothing(whole: RunOutcome) -> None:
    """Question, source, pictures, the first rows, and provenance, in a page of its own."""
    page = _Page(whole.output_path("report.html").read_text())
    text = " ".join(" ".join(page.words).split())
    for expected_text in (
        "Où sont-ils ?",
        "Logements par IRIS",
        "20 premières lignes sur 2\u202f651".replace("\u202f", " "),
        "a" * 64,
        "14581 Aurseulles",
        "Agréger une table → « par_commune ».",
    ):
        assert expected_text in text.replace("\u202f", " ")
    assert [str(image["src"])[:26] for image in page.images] == ["data:image/svg+xml;base64,"] * 2
    assert all(image["alt"] for image in page.images)
    assert whole.output_path("report.html").stat().st_size < 3_000_000


def test_two_pictures_of_one_title_are_both_on_the_page(tmp_path: Path) -> None:
    """Files are told apart by their tables, whatever they are called."""
    drawn = {"label": "g", "value": "x", "title": "t", "formats": ["svg", "png"]}
    run = treat(
        tmp_path,
        {"t": b"g;x\na;2\nb;1\n"},
        step("chart", {"table": "t"}, "chart", **drawn),
        step("chart", {"table": "chart"}, "d", **drawn),
        step("report", {"table": "d"}, "report", title="t"),
        step("chart", {"table": "report"}, "e", **drawn),
    )
    names = [output["name"] for output in run.result["outputs"]][2:]
    files = ["chart.png", "chart.svg", "d.png", "d.svg", "report.html", "e.png", "e.svg"]
    assert names == files
    assert len(_Page(run.output_path("report.html").read_text()).images) == 2


def test_protected_data_are_drawn_as_the_result_alone(tmp_path: Path) -> None:
    """A table on the way is not checked before it leaves: no picture is made of it."""
    title = {"title": "t"}
    run = treat(
        tmp_path,
        {"t": b"g;x\na;2\na;1\nb;1\n", "free": b"g;y\na;1\n"},
        step("chart", {"table": "t"}, "rows", label="g", value="x", **title),
        step("report", {"table": "rows"}, "page", **title),
        step("chart", {"table": "free"}, "other", label="g", value="y", **title),
        step("aggregate", {"table": "page"}, "summed", by=["g"], sums=["x"]),
        step("chart", {"table": "summed"}, "sums", label="g", value="x", **title),
        step("report", {"table": "sums"}, "last", **title),
        protected={"t": {"dataset_id": "dts_t", "version": 1}},
    )
    outputs = (output for output in run.result["outputs"] if not output["is_internal"])
    names = {output["name"] for output in outputs} - {"result.parquet", "result.csv"}
    assert names == {"other.png", "other.svg", "sums.png", "sums.svg", "report.html"}
    for report in run.reports[:2]:
        assert report["warnings"][0]["kind"] == "not_drawn"
        assert "pas dessiné" in report["summary"]


TOWNS = {"14118": 20, "14327": 20, "14437": 2}
"""How many rows each town has: Caen, Hérouville, and Mondeville, which is left out."""

DOMINATED = ("14327", 0)
"""The row that nearly all of Hérouville's sum is of."""


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """A trial of restricted rows by town: one sum is hidden, and one town is left out."""
    lines = [
        f"{com};{90000 if (com, at) == DOMINATED else 10 + at}"
        for com, rows in TOWNS.items()
        for at in range(rows)
    ]
    title = {"title": "t"}
    return treat(
        tmp_path_factory.mktemp("secret"),
        {"t": "\n".join(["com;ca", *lines]).encode()},
        step("aggregate", {"table": "t"}, "summed", by=["com"], sums=["ca"]),
        step("map", {"table": "summed"}, "carte", key="com", value="ca", **title),
        step("chart", {"table": "carte"}, "barres", label="com", value="ca", **title),
        step("report", {"table": "barres"}, "rapport", **title),
        protected={"t": {"dataset_id": "dts_t", "version": 1}},
        sample_rows=500,
    )


def test_all_that_shows_a_result_says_what_is_secret_of_it(secret: RunOutcome) -> None:
    """Map, chart and page count the hidden cells at their head, and no row that is left out."""
    expected_text = (
        "1 ligne sur 2 a des chiffres masqués par le secret statistique (1 cellule vide en tout"
    )
    assert expected_text in secret.result["release"]["masking"]
    for words in (
        _texts(secret.masked_path("carte.svg")),
        _texts(secret.masked_path("barres.svg")),
        secret.masked_path("report.html").read_text(),
    ):
        assert expected_text in " ".join(words.split())
        assert "leur nombre est secret lui aussi" in " ".join(words.split())
        assert "14437" not in words


def test_hidden_areas_have_a_class_of_their_own(secret: RunOutcome) -> None:
    """It is not that of areas without a value; what is left out is as white as any other area."""
    words = _texts(secret.masked_path("carte.svg"))
    assert "masqué : secret statistique (1)" in words
    assert "sans valeur (1)" not in words
    assert "Masqué par le secret statistique, ou sans valeur (points) : 1 commune" in words
    root = ET.fromstring(secret.masked_path("carte.svg").read_text())  # noqa: S314 - ours
    groups = {
        element.get("id"): [title.text for title in element.iter(f"{SVG}title")]
        for element in root.iter(f"{SVG}g")
    }
    assert groups["secret"] == ["Hérouville-Saint-Clair (14327) : masqué : secret statistique"]
    assert "Mondeville (14437) : sans donnée" in groups["other"]
    assert secret.result["masked"]["reports"][1]["map"]["hidden"] == 1
    barres = _texts(secret.masked_path("barres.svg"))
    assert "1 ligne dont la valeur est secrète ou manque n'est pas dessinée." in barres


def test_a_trial_says_that_it_is_one(secret: RunOutcome, tmp_path: Path) -> None:
    """Its figures look like the result's; how many rows a dataset has is in the catalogue."""
    for name in ("carte.svg", "barres.svg"):
        assert "Essai, sur toutes les lignes." in _texts(secret.output_path(name))
    assert "Essai, sur toutes les lignes." in secret.masked_path("report.html").read_text()
    lines = [f"{com};{at % 7 + 10}" for com in ("14118", "14327") for at in range(100)]
    sampled = treat(
        tmp_path,
        {"t": "\n".join(["com;ca", *lines]).encode()},
        step("aggregate", {"table": "t"}, "summed", by=["com"], sums=["ca"]),
        step("report", {"table": "summed"}, "rapport", title="t"),
        sample_rows=60,
    )
    page = sampled.output_path("report.html").read_text()
    assert "Essai sur un échantillon : 60 lignes sur 200." in page


def test_a_map_of_no_codes_is_refused(tmp_path: Path) -> None:
    """The parameter is named, and no value."""
    run = treat(
        tmp_path,
        {"t": b"ville;n\nCaen;1\nRouen;2\n"},
        step("map", {"table": "t"}, "m", key="ville", value="n", title="t"),
    )
    assert run.error == (
        "steps.0.key: la colonne « ville » ne contient ni codes de commune, ni d'EPCI, ni de"
        " département"
    )


MONTHS = b"mois;valeur;serie\n" + b"".join(
    b"2024-%02d;%d,5;%s\n" % (month, month * 1000, name)
    for name in (b"a", b"b")
    for month in range(1, 13)
)


def test_lines_follow_months_by_series(tmp_path: Path) -> None:
    """Months are days on the axis, in French."""
    parameters = {"kind": "lines", "label": "mois", "value": "valeur", "series": "serie"}
    run = treat(
        tmp_path, {"t": MONTHS}, step("chart", {"table": "t"}, "c", title="Par mois", **parameters)
    )
    texts = _texts(run.output_path("chart.svg"))
    assert "01/03/2024" in texts
    assert "2\u202f000" in texts
    assert {"a", "b"} <= set(texts.split())


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"kind": "lines", "label": "mois", "value": "valeur"}, "label"),
        ({"kind": "points", "label": "serie", "value": "valeur"}, "label"),
        ({"kind": "points", "label": "mois", "value": "valeur", "series": "valeur"}, "series"),
        ({"label": "mois", "value": "serie"}, "value"),
    ],
)
def test_what_cannot_be_drawn_as_asked_is_refused(
    tmp_path: Path, parameters: dict[str, Any], field: str
) -> None:
    """Several values at one place of a line, words as numbers, too many series."""
    run = treat(
        tmp_path, {"t": MONTHS}, step("chart", {"table": "t"}, "c", title="t", **parameters)
    )
    assert run.error.startswith(f"steps.0.{field}: ")
