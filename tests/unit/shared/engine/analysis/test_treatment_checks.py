"""What a treatment would do is told from the columns of its tables, before anything runs."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared.engine.analysis.known_tables import KnownColumn, KnownCrossing, KnownInputs, KnownTable
from shared.engine.analysis.remarks import Findings
from shared.engine.analysis.treatment_checks import check_tables, result_of
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

PHOTOS = KnownTable(dataset_id="dts_photos", title="Photos", columns=(), is_files=True)
HOMES, TOWNS, LATE = "dts_homes", "dts_towns", "dts_late"


def column(name: str, kind: str = "text", rows: int = 100, distinct: int = 100, **more: Any) -> Any:
    """A column with so many filled rows and distinct values."""
    return KnownColumn(name=name, kind=kind, filled=rows, distinct=distinct, **more)


TABLES = (
    KnownTable(
        dataset_id=HOMES,
        title="Logements",
        rows=3287,
        columns=(
            column("com", rows=3287, distinct=2651, key="commune"),
            column("logements", "integer", rows=3287, distinct=900),
            column("Année", "date", rows=3287, distinct=3),
            column("nom", rows=3287, distinct=2600),
        ),
    ),
    KnownTable(
        dataset_id=TOWNS,
        title="Communes",
        rows=2651,
        columns=(
            column("code", rows=2651, distinct=2651, key="commune"),
            column("ancien", rows=2651, distinct=2600, key="commune"),
            column("epci", rows=2651, distinct=71, key="epci"),
            column("population", "integer", rows=2651, distinct=2000),
            column("nom", rows=2651, distinct=2600),
        ),
    ),
    KnownTable(dataset_id=LATE, reason="Le Datalab le lit."),
)


def cross(output: str = "c", left: str = "homes", right: str = "towns", **changed: Any) -> Any:
    """The homes with their communes."""
    keys = {"left_key": "com", "right_key": "code"}
    return step("cross", {"left": left, "right": right}, output, **{**keys, **changed})


def added(table: str = "homes", **changed: Any) -> Any:
    """The homes, added up by commune."""
    return step(
        "aggregate", {"table": table}, "a", **{"by": ["com"], "sums": ["logements"]} | changed
    )


def check(
    *steps: Any,
    crossings: tuple[KnownCrossing, ...] = (),
    more: Sequence[KnownTable] = (),
    **inputs: str,
) -> Findings:
    """What is found in these steps; datasets of `inputs` may be among those known `more`."""
    named = {"homes": HOMES, "towns": TOWNS, **inputs}
    treatment = Treatment.model_validate({"inputs": named, "steps": steps})
    return check_tables(treatment, KnownInputs(tables=(*more, *TABLES), crossings=crossings))


def counted(step: int = 0, **changed: Any) -> KnownCrossing:
    """A crossing whose rows were counted."""
    fields = {"step": step, "left": 3287, "right": 2651, "joined": 3287}
    repeated = {"multiplies_left": False, "multiplies_right": True}
    return KnownCrossing.model_validate({**fields, **repeated, **changed})


def test_treatment_that_fits_leaves_nothing_to_say() -> None:
    """Rows that find one row each, and are added up."""
    findings = check(cross(), added("c", by=["epci"]))
    assert findings[:3] == ([], [], [])


@pytest.mark.parametrize(
    ("steps", "field", "message"),
    [
        (
            [added(sums=["logement"])],
            "steps.0.parameters.sums.0",
            "vouliez-vous dire « logements »",
        ),
        ([added(by=["com", "annee"])], "steps.0.parameters.by.1", "dire « Année »"),
        ([added(means=["zzz"])], "steps.0.parameters.means.0", "ses colonnes : « com », "),
        ([added(counts=["NOM"])], "steps.0.parameters.counts.0", "dire « nom »"),
        ([cross(left_key="code")], "steps.0.parameters.left_key", "« homes »"),
        ([cross(right_key="com")], "steps.0.parameters.right_key", "« towns »"),
        ([cross(weight="poids")], "steps.0.parameters.weight", "« poids »"),
        ([cross(), added("c", by=["nom_3"])], "steps.1.parameters.by.0", "« nom_2 »"),
        ([added(), added("a")], "steps.1.output", "existe déjà"),
    ],
)
def test_unknown_column_is_a_fault_that_names_what_is_near(
    steps: list[Any], field: str, message: str
) -> None:
    """Whatever step names it, with the columns that the steps before it make."""
    if field.endswith("output"):
        with pytest.raises(Exception, match=message):
            check(*steps)
        return
    (fault,) = check(*steps).faults
    assert (fault.field, fault.kind) == (field, "unknown_column")
    assert message in fault.message


def test_table_of_communes_needs_its_columns() -> None:
    """Those by which codes that are gone are led to present ones."""
    inputs = {"left": "homes", "right": "towns", "successors": "towns"}
    findings = check(step("cross", inputs, "c", left_key="com", right_key="code"))
    assert {remark.field for remark in findings.faults} == {"steps.0.inputs.successors"}
    assert len(findings.faults) == 3


def test_dataset_that_nobody_knows_is_a_fault() -> None:
    """It is named as the treatment names it."""
    lost = KnownTable(dataset_id="dts_x", reason="Ce jeu est inconnu.", is_lost=True)
    (fault,) = check(added(), more=[lost], homes="dts_x").faults
    assert (fault.field, fault.kind, fault.message) == (
        "inputs.homes",
        "unknown_dataset",
        "Ce jeu est inconnu.",
    )


def test_columns_that_nobody_knows_yet_are_told_and_not_refused() -> None:
    """Of a dataset that is still being read, no name is wrong, nor of what is made of it."""
    findings = check(cross(right="late"), added("c", by=["secret"]), late=LATE)
    assert findings.faults == []
    assert [(remark.field, remark.message) for remark in findings.unchecked] == [
        ("inputs.late", "Le Datalab le lit.")
    ]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sums": ["nom"]}, "« nom » n'est pas lue comme des nombres (du texte)"),
        ({"by": ["nom"], "sums": ["com"]}, "contient des codes (commune) : la somme"),
    ],
)
def test_figures_of_what_is_no_number_are_warned_of(parameters: Any, message: str) -> None:
    """Before the trial fails on the first value."""
    (warning,) = check(added(**parameters)).warnings
    assert warning.kind == "not_a_number"
    assert message in warning.message


def test_keys_of_other_kinds_are_warned_of_with_the_crosswalk_between_them() -> None:
    """A commune is no EPCI, but leads to one; what does is no warning."""
    (warning, *_) = check(cross(right_key="epci", how="inner")).warnings
    assert (warning.field, warning.kind) == ("steps.0.parameters.left_key", "other_keys")
    assert "left_via = « commune_epci »" in warning.message
    led = check(cross(right_key="epci", left_via="commune_epci")).warnings
    assert "other_keys" not in {remark.kind for remark in led}
    (wrong,) = check(cross(left_via="siret_siren")).warnings
    assert "left_via part de « siret »" in wrong.message


@pytest.mark.parametrize(
    ("key", "changed", "message"),
    [
        ({"misnamed": "postcode"}, {}, "annonce le code postal, mais ses valeurs n'en sont pas"),
        ({"misnamed": "postcode"}, {"right_key": "nom"}, ""),
        ({"misnamed": "postcode"}, {"right_key": "nom", "left_via": "postcode_commune"}, "annonce"),
        ({"misnamed": "commune", "key": "postcode"}, {}, ""),
        ({"type": "commune", "has_lost_zeros": True}, {}, "ont perdu leur zéro de tête"),
        ({"type": "commune", "has_lost_zeros": True}, {"right_key": "nom"}, ""),
        ({}, {}, ""),
    ],
)
def test_keys_that_hold_no_codes_are_warned_of_where_they_should_meet_some(
    key: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    """On either side; what holds no codes may meet its like."""
    table = KnownTable(dataset_id="dts_k", columns=(column("cle", **key),))
    warnings = check(cross(left_key="cle", **changed), more=[table], homes="dts_k").warnings
    messages = [remark.message for remark in warnings if remark.kind == "no_codes"]
    assert len(messages) == bool(message)
    assert all(message in text for text in messages)


def test_departements_that_lost_their_zero_are_warned_of_beside_whole_ones() -> None:
    """They are no key, and meet each other all the same."""
    lost = KnownTable(
        dataset_id="dts_l", columns=(column("dep", type="departement", has_lost_zeros=True),)
    )
    whole = KnownTable(dataset_id="dts_w", columns=(column("dep", type="departement"),))
    for right, fields in (("dts_w", ["left_key"]), ("dts_l", [])):
        same = cross(left_key="dep", right_key="dep")
        warnings = check(same, more=[lost, whole], homes="dts_l", towns=right).warnings
        assert [
            remark.field.rsplit(".")[-1] for remark in warnings if remark.kind == "no_codes"
        ] == fields


def test_many_to_many_crossing_needs_a_choice_with_its_figures() -> None:
    """Rows in and out are counted by the catalogue: without a choice it is refused at once."""
    many = counted(joined=2_918_083, multiplies_left=True, left=3000)
    (fault,) = check(cross(right_key="ancien"), crossings=(many,)).faults
    assert (fault.field, fault.kind) == ("steps.0.parameters.many_to_many", "many_to_many")
    text = fault.message.replace("\u202f", " ")
    assert "3 287 lignes deviendraient 2 918 370" in text
    assert "many_to_many = « kept »" in text
    kept = check(cross(right_key="ancien", many_to_many="kept"), crossings=(many,))
    assert kept.faults == []
    (remark,) = kept.warnings
    assert "2 918 370" in remark.message.replace("\u202f", " ")
    refused = check(cross(right_key="ancien", many_to_many="refused"), crossings=(many,))
    assert [remark.kind for remark in refused.faults] == ["many_to_many"]


def test_many_to_many_crossing_that_nobody_counted_is_a_warning() -> None:
    """Both profiles say that keys repeat, and no more: the trial has the figures."""
    findings = check(cross(right_key="ancien"))
    assert findings.faults == []
    (warning,) = findings.warnings
    assert warning.kind == "many_to_many"
    text = warning.message.replace("\u202f", " ")
    assert "pourrait multiplier les lignes (3 287 lignes en donneraient environ 3 287)" in text
    assert "L'essai donnera les chiffres exacts" in text


def test_sum_of_rows_that_a_crossing_repeats_is_told() -> None:
    """A commune's population stands beside each of its homes' rows: at most 637 times."""
    (warning,) = check(cross(), added("c", by=["epci"], sums=["population"])).warnings
    assert (warning.field, warning.kind) == ("steps.1.parameters.sums.0", "repeated_rows")
    assert "« population » vient de « towns »" in warning.message
    assert "jusqu'à 637 fois dans « c » (borne tirée du nombre de valeurs" in warning.message


def test_counted_repetition_is_told_instead_of_its_bound() -> None:
    """At most 637 rows have one of the keys by their number alone; in truth six have."""
    exact = counted(left_most=6, right_most=1)
    asked = (cross(), added("c", by=["epci"], sums=["population"]))
    (warning,) = check(*asked, crossings=(exact,)).warnings
    assert "jusqu'à 6 fois dans « c » :" in warning.message
    cut = counted(left_most=6, right_most=1, is_cut=True)
    (warning,) = check(*asked, crossings=(cut,)).warnings
    assert "jusqu'à 637 fois dans « c » (borne" in warning.message


@pytest.mark.parametrize(
    ("name", "kind", "unit", "is_told"),
    [
        ("chomage", "decimal", "%", True),
        ("Part des propriétaires", "decimal", "", True),
        ("montant", "decimal", "€", False),
        ("parts", "decimal", "", False),
    ],
)
def test_sum_of_rates_is_told(name: str, kind: str, unit: str, *, is_told: bool) -> None:
    """By the unit, or the name; their mean is one."""
    columns = (column("com"), KnownColumn(name=name, kind=kind, unit=unit))
    table = KnownTable(dataset_id="dts_rates", rows=40, columns=columns)

    def kinds(**asked: Any) -> list[str]:
        findings = check(added(**asked), more=[table], homes="dts_rates")
        return [remark.kind for remark in findings.warnings]

    assert kinds(sums=[name]) == ["sum_of_rates"] * is_told
    assert kinds(sums=[], means=[name]) == []


def test_ratio_of_parts_of_other_grains_is_told() -> None:
    """Homes, each once, by a population that is counted for each of them."""
    ratio = {"name": "taux", "numerator": "logements", "denominator": "population"}
    both = {"by": ["epci"], "sums": ["logements", "population"], "ratio": ratio}
    kinds = [remark.kind for remark in check(cross(), added("c", **both)).warnings]
    assert kinds == ["repeated_rows", "other_grain"]
    ratio = {"name": "taux", "numerator": "logements", "denominator": "logements_moyenne"}
    (mean,) = check(added(means=["logements"], ratio=ratio)).warnings
    assert mean.kind == "other_grain"
    assert "l'une est une moyenne" in mean.message


def test_crosswalk_that_leads_a_row_to_several_repeats_it() -> None:
    """A postcode has several communes, and a commune several postcodes."""
    posts = KnownTable(
        dataset_id="dts_posts",
        rows=50,
        columns=(column("cp", rows=50, distinct=50, key="postcode"), column("n", "integer")),
    )
    crossed = cross(left="posts", left_key="cp", left_via="postcode_commune")
    total = step("aggregate", {"table": "c"}, "a", by=["epci"], sums=["n"])
    findings = check(crossed, total, more=[posts], posts="dts_posts")
    assert [remark.kind for remark in findings.warnings] == ["many_to_many", "repeated_rows"]
    assert "plusieurs fois" in findings.warnings[1].message


def with_photos(*steps: dict[str, Any]) -> Findings:
    """What is said of these steps on homes and photos."""
    return check(*steps, more=[PHOTOS], photos=PHOTOS.dataset_id)


def test_files_are_no_table_to_cross() -> None:
    """The role is named, and what reads them; later steps are not blamed for it."""
    photos = with_photos(cross("crossed", right="photos"), added("crossed", by=["code"]))
    [fault] = photos.faults
    assert (fault.field, fault.dataset_id) == ("steps.0.inputs.right", PHOTOS.dataset_id)
    assert fault.message == (
        "« photos » est un jeu de fichiers : seule l'application « python » en lit"
    )


def test_own_code_reads_files() -> None:
    """Whole: they have no columns to choose from."""
    inputs = {"photos": "photos", "homes": "homes"}
    code: dict[str, Any] = {"code": "def run(tables, parameters): ..."}
    assert with_photos(step("python", inputs, "made", **code)).faults == []
    chosen = step("python", inputs, "made", **code, columns={"photos": ["nom"]})
    [fault] = with_photos(chosen).faults
    assert fault.field == "steps.0.parameters.columns.photos.0"


@pytest.mark.parametrize("how", ["left", "inner"])
def test_rows_that_do_not_grow_in_number_are_said_to_repeat(how: str) -> None:
    """As many come out as went in where some meet nothing, or where nobody counted the others."""
    repeated = counted(multiplies_left=True)
    for crossing in (repeated, repeated.model_copy(update={"joined": None})):
        (fault,) = check(cross(right_key="ancien", how=how), crossings=(crossing,)).faults
        assert fault.message.startswith("ce croisement répète des lignes des deux tables : ")


@pytest.mark.parametrize(
    ("how", "rows"),
    [("left", 3320), ("inner", 3300), ("right", 3312), ("full", 3332), ("anti", 20)],
)
def test_rows_of_a_counted_crossing_are_known_however_tables_are_kept(how: str, rows: int) -> None:
    """Pairs that meet, and what is alone on the sides that are kept."""
    crossing = counted(left=3267, right=2639, joined=3300, multiplies_left=True)
    crossed = cross(right_key="ancien", how=how, many_to_many="kept")
    named = {"homes": HOMES, "towns": TOWNS}
    kept = step("report", {"table": "c"}, "r", title="Rapport")
    treatment = Treatment.model_validate({"inputs": named, "steps": [crossed, kept]})
    assert result_of(treatment, KnownInputs(tables=TABLES, crossings=(crossing,)))[1].rows == rows


def test_each_of_several_keys_is_warned_of_by_its_name() -> None:
    """A further key that is called as codes are and holds none, or meets another kind."""
    table = KnownTable(
        dataset_id="dts_k",
        columns=(column("com", key="commune"), column("cp", misnamed="postcode")),
    )
    pairs = [{"left": "cp", "right": "epci"}, {"left": "com", "right": "epci"}]
    warnings = check(cross(keys=pairs), more=[table], homes="dts_k").warnings
    assert {(remark.field, remark.kind) for remark in warnings} >= {
        ("steps.0.parameters.keys.0.left", "no_codes"),
        ("steps.0.parameters.keys.1.left", "other_keys"),
    }


def test_first_and_last_of_dates_are_dates_and_other_figures_refused() -> None:
    """A median or a sum of dates is a fault at its field, before anything runs."""
    extremes = added(sums=[], mins=["Année", "logements"], maxs=["Année"])
    treatment = Treatment.model_validate({"inputs": {"homes": HOMES}, "steps": [extremes]})
    findings, table, _ = result_of(treatment, KnownInputs(tables=TABLES))
    assert (findings.faults, findings.warnings) == ([], [])
    kinds = [(column.name, column.kind) for column in table.columns or ()]
    assert kinds[1:] == [("Année_min", "date"), ("logements_min", "decimal"), ("Année_max", "date")]
    wide = {"index": ["com"], "names": "nom", "values": "Année"}
    for step_at_fault, field in (
        (added(medians=["Année"]), "medians.0"),
        (added(sums=["Année"]), "sums.0"),
        (step("pivot", {"table": "homes"}, "p", wide={**wide, "figure": "mean"}), "wide.values"),
    ):
        (fault,) = check(step_at_fault).faults
        assert fault.field == f"steps.0.parameters.{field}"
        assert "« Année » contient des dates : la " in fault.message
    assert (
        check(step("pivot", {"table": "homes"}, "p", wide={**wide, "figure": "max"})).faults == []
    )


def test_points_near_simplified_limits_are_warned_of_before_they_are_located() -> None:
    """By the lab's outlines, which are simplified, and by others of which their holder says so."""
    position = {"latitude": "nom", "longitude": "com"}
    own = {"geometry": "nom", "label": "code", "tolerance": 30}
    roles = {"table": "homes", "outlines": "towns"}
    areas, outlines = check(
        step("geo", roles, "g", position=position, areas=["commune"], outlines=own)
    ).warnings
    assert (areas.field, areas.kind) == ("steps.0.parameters.areas", "uncertain")
    assert "à moins de 200 m d'une limite" in areas.message
    assert outlines.field == "steps.0.parameters.outlines.tolerance"
    exact = step("geo", roles, "g", position=position, outlines={**own, "tolerance": 0})
    assert check(exact).warnings == []
