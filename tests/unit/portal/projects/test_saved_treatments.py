"""A treatment that was saved or typed is found again on its page, and said in words."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.views import ProjectView
from services.portal.building import Choices, choices_of, treatment_of
from services.portal.lab import Away, Json
from services.portal.pages.projects import projects, treatments
from services.portal.pages.projects.treatment_sentences import sentences_of
from shared.engine.analysis.remarks import Remark
from shared.engine.applications import with_choices
from shared.events import Treatment
from tests.unit.intake import samples
from tests.unit.portal.pages import html_of, plain

CHOSEN = Choices(
    left="dts_1",
    right="dts_2",
    key={"left_key": "com", "right_key": "code", "left_via": "commune_present"},
    kept=("nom complet", "<>", "L'Aigle"),
    by=("epci",),
    counts=True,
    sums=("parts",),
    means=("prix",),
    rate=("nombre", "parts"),
    bars=("epci", "parts"),
    coloured=("epci", "parts"),
    report=True,
    title="Parts",
)
FOLDED = ", sans distinguer majuscules, accents ni espaces autour."
COLUMNS = [
    {"name": name, "kind": "text", "key": None, "meaning": None}
    for name in ("epci", "nom", "parts")
]
DATASET = {"title": "Cinémas", "versions": [{"profile": {"columns": COLUMNS}}]}
FOUND: dict[str, Any] = {"items": []}
MADE: dict[str, Any] = {
    "columns": [],
    "matches": [],
    "warnings": [],
    "rows": None,
    "licence": "lov2",
    "asked": [],
}


def kept(choices: Choices) -> Json:
    """The treatment of these choices, as intake keeps and shows it."""
    sent = with_choices(Treatment.model_validate(treatment_of(choices)))
    return sent.model_dump(mode="json")


def page(
    treatment: Json = None,
    form: dict[str, str] | None = None,
    query: bytes = b"",
    warnings: Json = (),
    answers: Json = (),
) -> str:
    """The builder of a project with that treatment, as saved, or with what was sent."""
    project = ProjectView.of(samples.project_at("advised")).model_dump(mode="json")
    preview = {**MADE, "warnings": list(warnings), "answers": list(answers), "proposed": []}
    services = {
        "/projects/prj_1": {**project, "treatment": treatment},
        "/recipes": FOUND,
        "/datasets": FOUND,
        "/datasets/dts_1": DATASET,
        "/datasets/dts_2": {**DATASET, "title": "EPCI"},
        "/treatments/preview": preview,
    }
    handler = treatments.show if form is None else treatments.write
    return html_of(handler, services, "holder", project_id="prj_1", form=form, query=query)


@pytest.mark.parametrize(
    "choices",
    [
        CHOSEN,
        Choices(left="dts_1", kept=('nom "usuel"', ">=", "L'an 1000"), by=("epci",), sums=("x",)),
        Choices(left="dts_1", by=("epci",), counts=True),
        Choices(left="dts_1", report=True, title="Tout"),
        Choices(left="dts_1", named=("ville", ""), by=("code_commune",), counts=True),
        Choices(left="dts_1", named=("ville", "dep")),
        Choices(left="dts_1", named=("ville", ""), territory=("14", "200066827")),
        Choices(left="dts_1", by=("epci",), counts=True, totals=True),
    ],
)
def test_choices_are_found_in_the_treatment_that_they_make(choices: Choices) -> None:
    """Whatever was chosen."""
    assert choices_of(kept(choices)) == choices


def test_rows_taken_for_totals_are_shown_where_they_can_be_kept() -> None:
    """The box stands where there are some, or where they were kept."""
    message = "de « Baux », 4 lignes sont prises pour des totaux : lignes 30, 61 et 97"
    fields = {
        "field": "steps.0.inputs.table",
        "kind": "totals",
        "message": message,
        "dataset_id": "",
    }
    choices = Choices(left="dts_1", by=("epci",), counts=True)
    with_totals = page(kept(choices), warnings=[fields])
    assert "4 lignes sont prises pour des totaux : lignes 30, 61 et 97" in plain(with_totals)
    assert 'name="totaux" value="1">' in with_totals
    assert 'name="totaux"' not in page(kept(choices))
    assert 'name="totaux" value="1" checked>' in page(kept(replace(choices, totals=True)))


def test_what_leaves_at_once_and_what_waits_is_shown_with_why() -> None:
    """Of each restricted dataset, before anything is sent."""
    at_once = Remark(field="inputs.a", kind="at_once", message="« Aides » répond aussitôt")
    waits = Remark(field="steps.0", kind="waits", message="les lignes une à une n'y sont pas")
    answers = [remark.model_dump(mode="json") for remark in (at_once, waits)]
    html = page(kept(Choices(left="dts_1", by=("epci",), counts=True)), answers=answers)
    assert "Sort aussitôt : « Aides » répond aussitôt" in plain(html)
    assert "Attend une personne : les lignes une à une n'y sont pas" in plain(html)


def test_treatment_that_no_choices_make_has_none() -> None:
    """Neither what was written, nor what a recipe made."""
    by_choices = kept(Choices(left="dts_1", by=("epci",), counts=True))
    assert choices_of({**by_choices, "recipe": "parts@1"}) is None
    [step] = by_choices["steps"]
    for parameters in ({**step["parameters"], "medians": ["prix"]}, {"by": 1}, {}):
        assert choices_of({**by_choices, "steps": [{**step, "parameters": parameters}]}) is None


def test_page_opens_with_the_choices_that_were_saved() -> None:
    """Each in its field, until others are sent."""
    saved = kept(Choices(left="dts_1", kept=("nom", "=", "Caen"), by=("epci",)))
    html = page(saved)
    assert '<option value="dts_1" selected>Cinémas</option>' in html
    assert '<option value="nom" selected>' in html
    assert 'name="valeur" value="Caen"' in html
    assert 'name="par" value="epci" checked' in html
    assert " checked" not in page(saved, query=b"gauche=dts_1&par=")


def test_figures_without_groups_are_refused_at_their_field() -> None:
    """They were left out in silence."""
    page_text = plain(page(query=b"gauche=dts_1&compter=1&sommes=parts"))
    assert "Dites par quelle colonne regrouper" in page_text
    assert "Dites par quelle colonne" not in plain(page(query=b"gauche=dts_1"))


def test_rate_is_offered_of_the_figures_that_are_made() -> None:
    """One of them for 100 of another."""
    chosen = b"gauche=dts_1&par=epci&sommes=parts&compter=1&taux=nombre&pour=parts"
    html = page(query=chosen)
    assert '<option value="nombre" selected>' in html
    assert '<option value="parts" selected>' in html
    assert 'id="taux"' not in page(query=b"gauche=dts_1&par=epci&sommes=parts")
    treatment = treatment_of(replace(CHOSEN, counts=False))
    assert treatment is not None
    assert not [step for step in treatment["steps"] if "ratio" in step["parameters"]]


@pytest.mark.parametrize(("field", "application"), [("sql", "query"), ("code", "python")])
def test_page_opens_with_the_text_that_was_saved(field: str, application: str) -> None:
    """With its tables by their names, and that part of the page open."""
    inputs = {"logements": "dts_1", "epci": "dts_2"}
    step = {
        "application": application,
        "inputs": {name: name for name in inputs},
        "parameters": {field: "SELECT 'écrit'"},
        "output": "resultat",
    }
    html = page({"inputs": inputs, "steps": [step], "recipe": ""})
    assert_written(html, field)
    assert '<option value="dts_2" selected>EPCI</option>' in html
    assert '<option value="dts_1" selected>' in html
    assert 'value="epci"' in html


def assert_written(html: str, field: str) -> None:
    """The part for SQL and Python is open, with the text in that field."""
    part = html[html.index("<summary>En SQL") :]
    assert "<details open><summary>En SQL" in html
    typed = part[part.index(f'id="{field}"') :].partition("</textarea>")[0]
    assert "SELECT &#39;écrit&#39;" in typed


def test_what_is_refused_stays_typed() -> None:
    """At the field that is wrong."""
    form = {"donnees_1": "dts_1", "donnees_2": "dts_2", "nom_2": "table_1", "sql": "SELECT 'écrit'"}
    html = page(form=form)
    assert_written(html, "sql")
    assert 'id="nom_2-fault"' in html
    assert 'id="sql-fault"' in page(form={"sql": "", "donnees_1": "dts_1"})


def test_saved_treatment_is_said_in_words_on_the_project_s_page() -> None:
    """By the titles of its data, without a name of its tables."""
    fields = {**ProjectView.of(samples.project_at("advised")).model_dump(mode="json")}
    answers = {
        f"/projects/{fields['id']}": {**fields, "treatment": kept(CHOSEN)},
        "/datasets/dts_1": DATASET,
        "/members": {"items": [], "next": None},
    }
    text = plain(html_of(projects.show, answers, "holder", project_id=fields["id"]))
    assert "Ce que fait le traitement" in text
    assert "Croise « Cinémas » avec un jeu de données qui ne vous est pas montré" in text


def test_catalogue_that_is_away_is_said_to_be() -> None:
    """Rather than that a dataset is not shown, which reads as secrecy."""
    project = ProjectView.of(samples.project_at("advised")).model_dump(mode="json")
    away: dict[str, Any] = {
        "/projects/prj_1": {**project, "treatment": kept(CHOSEN)},
        "/recipes": FOUND,
    }
    away |= dict.fromkeys(("/datasets", "/datasets/dts_1", "/datasets/dts_2"), Away("catalog"))
    away |= {"/treatments/preview": {**MADE, "proposed": []}, "/members": {**FOUND, "next": None}}
    for handler in (projects.show, treatments.show):
        text = plain(html_of(handler, away, "holder", project_id="prj_1"))
        assert "le catalogue ne nomme pas : il ne répond pas pour le moment" in text
        assert "ne vous est pas montré" not in text


def test_choices_are_said_in_words() -> None:
    """One sentence for each step, in their order."""
    sentences = sentences_of(kept(CHOSEN), {"dts_1": "Cinémas", "dts_2": "EPCI"})
    assert sentences == [
        "Croise « Cinémas » avec « EPCI », là où « com » et « code » se correspondent.",
        "Garde dans le résultat de l'étape précédente les lignes où « nom complet » n'est pas"
        " « L'Aigle »" + FOLDED,
        (
            "Par « epci », compte les lignes, additionne « parts »,"
            " calcule la moyenne de « prix » et rapporte « nombre » à « parts »."
        ),
        "Dessine une barre par « epci », selon « parts ».",
        "Colore une carte selon « parts », par « epci ».",
        "Écrit un rapport.",
    ]


def test_codes_that_choices_add_are_said() -> None:
    """By the column that names communes."""
    sentences = sentences_of(
        kept(Choices(left="dts_1", named=("ville", "dep"))), {"dts_1": "Cinémas"}
    )
    assert sentences == ["Ajoute à « Cinémas » les codes des communes que nomme « ville »."]
    chosen = Choices(left="dts_1", named=("ville", ""), territory=("14",))
    [of_territory] = sentences_of(kept(chosen), {"dts_1": "Cinémas"})
    assert "de plusieurs communes de même nom, celle du territoire du projet" in of_territory


@pytest.mark.parametrize(
    ("application", "sentence"),
    [("aggregate", "Agréger une table."), ("?", "Une étape que le Datalab ne connaît pas.")],
)
def test_step_that_is_wrongly_written_is_said_too(application: str, sentence: str) -> None:
    """The project's page is shown whatever somebody sent."""
    step = {"application": application, "inputs": {}, "parameters": {"by": 1}, "output": "t"}
    assert sentences_of({"inputs": {}, "steps": [step]}, {}) == [sentence]
