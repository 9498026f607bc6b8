"""What is saved of the builder is what its reader sees there, and it says what keeps it back."""

from typing import Any

import pytest

from services.intake.views import ProjectView
from services.portal.building import Choices, choices_of, treatment_of
from services.portal.lab import Away, Json, Refused
from services.portal.pages.projects import treatments
from tests.unit.intake import samples
from tests.unit.portal.pages import html_of, led_to, plain

PROJECT: dict[str, Any] = ProjectView.of(samples.project_at("advised")).model_dump(mode="json")
COLUMNS: list[dict[str, Any]] = [
    {"name": name, "kind": "integer", "key": key, "meaning": None, "unit": ""}
    for name, key in (("epci", "epci"), ("parts", None), ("prix", None))
]
COUNTED: dict[str, Any] = {"gauche": "dts_1", "par": "epci", "sommes": ["parts", "prix"]}
DRAWN = {**COUNTED, "barres": "epci", "hauteur": "parts", "titre": "Parts"}
REPEATED = {"kind": "many_to_many", "field": "steps.0", "message": "une même clé se répète"}

WRITTEN = """inputs: {parts: dts_1}
steps: [{application: report, inputs: {table: parts}, parameters: {title: x}, output: rapport}]
"""


def previewed(body: Json) -> Json:
    """What compute answers: the columns that are made, or that a drawing's are not among them."""
    fields: dict[str, Any] = {
        "matches": [],
        "warnings": [],
        "rows": 9,
        "licence": "lov2",
        "asked": [],
        "proposed": [],
        "columns": COLUMNS,
    }
    for step in body.get("steps", ()):
        names, parameters = {column["name"] for column in fields["columns"]}, step["parameters"]
        if step["application"] == "aggregate":
            kept = (*parameters["by"], *parameters.get("sums", ()))
            fields["columns"] = [column for column in COLUMNS if column["name"] in kept]
        if step["application"] == "chart" and parameters["value"] not in names:
            raise Refused(422, "la table « comptes » n'a pas de colonne « parts »", "steps.1.value")
        if step["application"] == "cross" and parameters.get("many_to_many") != "kept":
            fields["warnings"] = [REPEATED]
    return fields


ANSWERS: dict[str, Any] = {
    "/projects/prj_1": {**PROJECT, "treatment": None},
    "/projects/prj_1/treatment": {},
    "/recipes": {"items": []},
    "/datasets": {"items": []},
    "/datasets/dts_1": {"title": "Parts", "versions": [{"profile": {"columns": COLUMNS}}]},
    "/datasets/dts_2": {"title": "EPCI", "versions": [{"profile": {"columns": COLUMNS}}]},
    "/treatments/preview": previewed,
}


def saved(form: dict[str, Any]) -> Json:
    """What intake is sent once these fields are saved."""
    sent: dict[str, Json] = {}
    there = led_to(treatments.save, ANSWERS, "holder", project_id="prj_1", form=form, sent=sent)
    assert there == "/projets/prj_1"
    return sent["/projects/prj_1/treatment"]


def builder_page(handler: Any, **asked: Any) -> str:
    """The builder, asked or sent so."""
    return html_of(handler, ANSWERS, "holder", project_id="prj_1", **asked)


def test_choices_are_saved_as_they_stand() -> None:
    """Also a chart that was chosen since the preview, which was left out in silence."""
    html = builder_page(treatments.show, query=b"gauche=dts_1&par=epci&sommes=parts")
    button = html.partition("Enregistrer ce traitement")[0].rpartition("<button")[2]
    assert 'form="par-choix"' in button
    assert 'formmethod="post"' in button
    assert 'formaction="/projets/prj_1/traitement"' in button
    choices = Choices(
        left="dts_1", by=("epci",), sums=("parts", "prix"), bars=("epci", "parts"), title="Parts"
    )
    assert saved(DRAWN)["steps"] == (treatment_of(choices) or {})["steps"]


@pytest.mark.parametrize(
    ("form", "part"),
    [({"sql": "SELECT 1", "donnees_1": "dts_1"}, "en-code"), ({"treatment": WRITTEN}, "par-ecrit")],
)
def test_written_treatment_is_saved_as_it_stands(form: dict[str, str], part: str) -> None:
    """In the part of the page that the preview is of."""
    answers = {**ANSWERS, "/treatments/preview": lambda _body: previewed({})}
    html = html_of(treatments.write, answers, "holder", project_id="prj_1", form=form)
    assert f'<button form="{part}"' in html


@pytest.mark.parametrize(
    ("changes", "at", "message"),
    [
        ({"sommes": "prix"}, "hauteur", "« parts » n'est plus calculé"),
        ({"hauteur": ""}, "hauteur", "Dites aussi la longueur des barres"),
        ({"barres": ""}, "barres", "Dites aussi par quoi vont les barres"),
        ({"territoire": "epci"}, "couleur", "Dites aussi selon quoi colorer la carte"),
        ({"taux": "prix", "pour": "autre"}, "taux", "« autre » n'est plus calculé"),
    ],
)
def test_part_to_draw_stays_with_what_it_lacks(
    changes: dict[str, Any], at: str, message: str
) -> None:
    """Neither the part goes away, nor is a table named that nobody knows, nor is it saved."""
    for handler, asked in (
        (treatments.show, {"query": query_of({**DRAWN, **changes})}),
        (treatments.save, {"form": {**DRAWN, **changes}}),
    ):
        html = builder_page(handler, **asked)
        assert "<legend>Montrer</legend>" in html
        assert "comptes" not in plain(html).partition("Aperçu")[2]
        assert "Dessine" not in plain(html)
        fault = html.partition(f'id="{at}-fault"')[2].partition("</small>")[0]
        assert message in plain(f"<p{fault}").replace("\u202f", " ").replace("\u00a0", " ")


def test_second_table_is_saved_with_its_key_alone() -> None:
    """Else nothing would read it, and its owner would be asked for no column; a look is free."""
    form = {**COUNTED, "droite": "dts_2"}
    asked = "Choisissez la clé par laquelle croiser ces deux jeux"
    assert asked in plain(builder_page(treatments.save, form=form))
    assert asked not in plain(builder_page(treatments.show, query=query_of(form)))


def test_rows_that_multiply_are_a_choice() -> None:
    """The builder says that the full job will be refused, until they are meant."""
    crossed = b"gauche=dts_1&droite=dts_2&cle=epci|epci||"
    html = builder_page(treatments.show, query=crossed)
    assert "le calcul complet sera refusé" in plain(html)
    assert 'name="repetees" value="1">' in html
    html = builder_page(treatments.show, query=crossed + b"&repetees=1")
    assert 'name="repetees" value="1" checked>' in html
    assert "chaque ligne avec toutes celles qui ont la même clé" in plain(html)
    made_of = saved({"gauche": "dts_1", "droite": "dts_2", "cle": "epci|epci||", "repetees": "1"})
    [step] = made_of["steps"]
    assert step["parameters"]["many_to_many"] == "kept"
    choices = choices_of(made_of)
    assert choices
    assert choices.repeats


def test_second_of_two_tabs_is_told_that_the_treatment_changed() -> None:
    """It keeps what was chosen, reads what is there now, and may replace that knowingly."""
    changed = {
        **ANSWERS,
        "/projects/prj_1": {**PROJECT, "treatment": kept_treatment(), "proposal": 7},
        "/projects/prj_1/treatment": Refused(409, "le traitement a changé depuis"),
    }
    sent: dict[str, Json] = {}
    asked = {"project_id": "prj_1", "form": {**DRAWN, "depuis": "6"}, "sent": sent}
    html = html_of(treatments.save, changed, "holder", **asked)
    assert sent["/projects/prj_1/treatment"]["instead_of"] == 6
    assert "Le traitement a changé depuis" in plain(html)
    assert "Ce que fait le traitement enregistré" in plain(html)
    assert 'name="par" value="epci" checked' in html
    assert 'name="depuis" value="7"' in html
    html = html_of(
        treatments.show, changed, "holder", project_id="prj_1", query=b"gauche=dts_1&depuis=6"
    )
    assert 'name="depuis" value="6"' in html


def kept_treatment() -> Json:
    """A treatment as intake keeps it."""
    return {**(treatment_of(Choices(left="dts_1", by=("epci",), counts=True)) or {}), "recipe": ""}


def query_of(form: dict[str, Any]) -> bytes:
    """The fields as an address has them."""
    pairs = [
        (name, field_value)
        for name, sent in form.items()
        for field_value in ([sent] if isinstance(sent, str) else sent)
    ]
    return "&".join(f"{name}={cell}" for name, cell in pairs).encode()


def test_lab_without_the_libraries_of_code_says_so_in_place_of_its_field() -> None:
    """What was written before stands there still; with them, or without an answer, it is asked."""
    lacking = {"/applications/python": {"unavailable": "ce laboratoire n'exécute pas de code"}}
    form = {"sql": "", "code": "def run(tables, parameters): pass", "donnees_1": "dts_1"}
    html = html_of(treatments.show, ANSWERS | lacking, "holder", project_id="prj_1", form=form)
    assert "Ce laboratoire n'exécute pas de code" in plain(html)
    assert ("<summary>En SQL</summary>" in html, 'name="code"' in html) == (True, False)
    assert "def run(tables, parameters): pass</pre>" in html
    able: dict[str, Any] = {"/applications/python": {"unavailable": ""}}
    for answers in (able, {}, {"/applications/python": Away("compute")}):
        html = html_of(treatments.show, ANSWERS | answers, "holder", project_id="prj_1")
        assert 'name="code"' in html
        assert "En SQL ou en Python" in html


def test_code_that_was_not_tried_is_told_where_it_is_saved() -> None:
    """Beside the word that it is saved."""
    answers = {
        **ANSWERS,
        "/projects/prj_1/treatment": {"code_untried": ["Le code a seulement été relu."]},
        "/treatments/preview": lambda _body: previewed({}),
    }
    form = {"sql": "", "code": "def run(tables, parameters): pass", "donnees_1": "dts_1"}
    session: dict[str, Any] = {}
    led_to(treatments.save, answers, "holder", project_id="prj_1", form=form, session=session)
    assert session["said"].endswith("aux producteurs. Le code a seulement été relu.")


def test_fault_of_code_stands_at_its_field() -> None:
    """Where it was written, with its line."""
    fault = Refused(422, "le code s'est arrêté ligne 2", "steps.0.parameters.code")
    answers = {
        **ANSWERS,
        "/projects/prj_1/treatment": fault,
        "/treatments/preview": lambda _body: previewed({}),
    }
    form = {"sql": "", "code": "def run(tables, parameters): pass", "donnees_1": "dts_1"}
    html = html_of(treatments.save, answers, "holder", project_id="prj_1", form=form)
    assert '<small id="code-fault" class="fault">Le code s&#39;est arrêté ligne 2' in html
