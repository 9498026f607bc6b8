"""The page on which an owner says what may be shown: what it begins with, sends and shows again."""

from html.parser import HTMLParser
from typing import Any

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import view_of
from services.catalog.protection.bodies import NewPolicy
from services.catalog.protection.views import PolicyView
from services.portal.lab import Json, Refused
from services.portal.pages import data, owners
from services.portal.policy_form import PolicyState, fields_of, offered_columns, offered_units
from shared.auth import Caller
from shared.engine.contract.policy import MadeTables, PolicyDimension, PolicyMeasure, ReleasePolicy
from shared.engine.tables.manifest import Column, Profile
from tests.unit.catalog.datasets.test_legal_basis import naming
from tests.unit.catalog.decisions.test_publication import FIRST, SECOND, note, restricted, tried
from tests.unit.catalog.protection.described_tables import (
    EXAMPLES,
    DescribedTable,
    integer,
    key,
    text,
)
from tests.unit.catalog.samples import metadata, published, ref
from tests.unit.portal.pages import html_of, led_to, plain

PROPOSED = {name: table for name, table in EXAMPLES.items() if table.policy}
FIELDS = {
    "unit": "",
    "units_repeat": "non",
    "readers": "granted",
    "method": "noise",
    "guess_percent": "70",
    "most_rows": "2",
    "minimum_units": "11",
    "most_at_once": "2",
    "editions_a_year": "13",
    "series": "Aides de 2026",
    "dimensions": ["age", "commune"],
    "levels age": "classes",
    "bounds age": "25 ; dix-huit",
    "levels commune": "epci commune",
    "values commune": "14\n50",
    "measures": ["aide"],
    "cap aide": "1 000,5",
    "full": ["aide"],
}


POLICY_PATH = "/datasets/dts_r/release-policy"


def deposited(*columns: Column) -> Dataset:
    """A restricted table of these columns."""
    shown = Profile(rows=60, encoding="utf-8", columns=columns)
    return published("dts_r", metadata("Aides", access="restricted"), shown=shown)


def answers_of(
    dataset: Dataset, proposal: ReleasePolicy | None = None, waiting: str = ""
) -> dict[str, Json]:
    """What the catalogue answers its owner."""
    owner = Caller(dataset.owner_id, frozenset({"owner"}))
    publication = dict(dataset.active_publication or ())
    more = {"waiting": waiting, "proposal": proposal, "shows_nothing": dataset.shows_nothing}
    state = PolicyView(**publication, **more)
    view = view_of(dataset, owner)
    return {
        f"/datasets/{dataset.id}": view.model_dump(mode="json"),
        POLICY_PATH: state.model_dump(mode="json"),
        f"{POLICY_PATH}/tables": "tableau;nombre\nensemble;60\n",
    }


def sent_again(answers: dict[str, Json]) -> ReleasePolicy:
    """The policy that the catalogue is sent by the page's form as it stands."""
    html = html_of(owners.show_policy, answers, "owner", dataset_id="dts_r")
    sent, taken = dict[str, Json](), {**answers, f"PUT {POLICY_PATH}": {}}
    form = Form(html).fields
    led_to(owners.set_policy, taken, "owner", form=form, sent=sent, dataset_id="dts_r")
    return NewPolicy.model_validate(sent[POLICY_PATH]).plain()


class Form(HTMLParser):
    """What a browser sends of the form of a page, as it is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields, self._select, self._area = dict[str, Any](), "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a field has."""
        field = {name: value or "" for name, value in attrs}
        name = field.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in field:
            self.fields[self._select] = field["value"]
        elif tag == "input" and field["type"] == "checkbox":
            ticked = self.fields.setdefault(name, [])
            ticked += [field["value"]] if "checked" in field else []
        elif tag == "input":
            self.fields[name] = field["value"]
        self._area = name if tag == "textarea" else ""
        if self._area:
            self.fields[name] = ""

    def handle_data(self, data: str) -> None:
        """Take what is written in a field of several lines."""
        if self._area:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        """Leave a field of several lines."""
        self._area = "" if tag == "textarea" else self._area


@pytest.mark.parametrize("described", PROPOSED.values(), ids=PROPOSED)
def test_form_begins_as_the_proposal_and_says_the_same(described: DescribedTable) -> None:
    """Sent as it is, it is that policy: nothing is lost between its fields and the catalogue."""
    about = metadata(access="restricted", **described.about)
    dataset = published("dts_r", about, shown=described.profile)
    assert sent_again(answers_of(dataset, described.policy)) == described.policy


def test_policy_that_was_set_is_shown_again_as_it_is() -> None:
    """Also what the page does not offer: several columns of units, levels, decimals, lost columns.

    Sent again, it changes nothing.
    """
    policy = ReleasePolicy(
        unit=("foyer", "membre"),
        units_repeat=False,
        minimum_units=5,
        dimensions=(
            PolicyDimension(
                column="partie", levels=("region", "departement", "commune"), values=("14", "50")
            ),
            PolicyDimension(column="note", levels=("classes",), bounds=(0.5,)),
            PolicyDimension(column="age", levels=("classes",), bounds=(-1.5, 1000)),
        ),
        measures=(
            PolicyMeasure(column="aide", cap=0.25),
            PolicyMeasure(column="loyer", is_full=True),
        ),
        most_at_once=1,
        editions_a_year=0,
        series="Aides de l'année",
        readers="granted",
        method="noise",
        guess_percent=60,
        most_rows=3,
    )
    dataset = deposited(text("foyer", 50), integer("age", 60), integer("aide", 60))
    dataset.set_policy(policy)
    assert sent_again(answers_of(dataset)) == policy
    html = html_of(owners.show_policy, answers_of(dataset), "owner", dataset_id="dts_r")
    assert "ceux d'avant cessent d'être lus de tous ; les accords en cours" in plain(html)


@pytest.mark.parametrize(
    ("at", "field", "words"),
    [
        ("dimensions.0.bounds.1", "bornes-1", "« age » : n'est pas un nombre"),
        ("dimensions.0", "bornes-1", "« age » : n'est pas un nombre"),
        ("dimensions.1.values", "valeurs-2", "« commune » : n'est pas un nombre"),
        ("dimensions.1.levels", "niveaux-2", "« commune » : n'est pas un nombre"),
        ("measures.0.cap", "plafond-1", "« aide » : n'est pas un nombre"),
        ("measures.0.is_full", "remplie-1", "« aide » : n'est pas un nombre"),
        ("units_repeat", "units_repeat", "Plusieurs lignes : n'est pas un nombre"),
        ("minimum_units", "minimum_units", "Nombre minimal : n'est pas un nombre"),
        ("editions_a_year", "editions_a_year", "Éditions en un an : n'est pas un nombre"),
        ("series", "series", "Série : n'est pas un nombre"),
        ("unit.0", "unit", "N'est pas un nombre"),
    ],
)
def test_fault_is_told_at_its_column_and_what_was_typed_stays(
    at: str, field: str, words: str
) -> None:
    """The catalogue names a place in a list, which nobody sees on the page."""
    dataset = deposited(integer("age", 60), integer("aide", 60), key("commune", 9, "commune"))
    refusal = Refused(422, "n'est pas un nombre", at)
    answers = {**answers_of(dataset), f"PUT {POLICY_PATH}": refusal}
    html = html_of(owners.set_policy, answers, "owner", form=FIELDS, dataset_id="dts_r")
    assert f'id="{field}-fault"' in html
    assert words in plain(html)
    typed = Form(html).fields
    del typed["csrf"]
    assert {name: typed[name] for name in FIELDS} == FIELDS


def test_job_s_refusal_is_told_at_its_column() -> None:
    """In French alone: the place that it names is found on the page."""
    dataset = deposited(text("statut", 3), integer("aide", 60))
    dimensions, measure = FIRST.dimensions, PolicyMeasure(column="aide")
    dataset.set_policy(ReleasePolicy(dimensions=dimensions, measures=(measure,)))
    dataset.note_no_tables(1, "measures.0.column: la colonne « aide » a des nombres négatifs")
    html = html_of(owners.show_policy, answers_of(dataset), "owner", dataset_id="dts_r")
    assert 'id="plafond-1-fault"' in html
    words = "Les tableaux ne sont pas faits : la colonne « aide » a des nombres négatifs."
    assert words in plain(html)


def test_what_is_typed_is_sent_as_numbers() -> None:
    """In French, with spaces; what is no number is the catalogue's to refuse, by its place."""
    dataset, sent = deposited(integer("age", 60)), dict[str, Json]()
    answers = {**answers_of(dataset), f"PUT {POLICY_PATH}": Refused(422, "non")}
    html_of(owners.set_policy, answers, "owner", form=FIELDS, sent=sent, dataset_id="dts_r")
    policy = sent[POLICY_PATH]
    assert policy["dimensions"][0]["bounds"] == ["25", "dix-huit"]
    assert policy["measures"] == [{"column": "aide", "cap": "1000.5", "is_full": True}]
    assert policy["units_repeat"] is False
    names = ("minimum_units", "most_at_once", "editions_a_year", "guess_percent", "most_rows")
    assert [policy[name] for name in names] == [11, 2, 13, 70, 2]
    words = ("series", "method", "readers")
    assert [policy[name] for name in words] == ["Aides de 2026", "noise", "granted"]
    assert policy["dimensions"][1]["values"] == ["14", "50"]


def test_no_column_that_names_persons_is_offered_but_as_a_unit() -> None:
    """Who has a row is what such a column says best."""
    columns = (text("nom", 50), text("statut", 3))
    privacy = naming("nom").privacy
    shown = Profile(rows=60, encoding="utf-8", columns=columns, privacy=privacy)
    fields = fields_of(None)
    profile = shown.model_dump(mode="json")
    assert [*offered_columns(profile, fields)] == ["statut"]
    assert ("nom", "nom") in offered_units(profile, fields)


def state_of(dataset: Dataset, proposal: ReleasePolicy | None = None) -> PolicyState:
    """How far its tables are, as the page tells it."""
    return PolicyState(answers_of(dataset, proposal)[POLICY_PATH])


def test_state_is_told_in_a_sentence() -> None:
    """From nothing to published tables, to another policy that is refused, and to the end."""
    dataset = restricted()
    assert state_of(dataset).description == "rien encore"
    assert "une proposition est prête" in state_of(dataset, FIRST).description
    dataset.set_policy(FIRST)
    state = state_of(dataset)
    assert (state.description, state.is_under_way) == (
        "les tableaux sont en train d'être faits",
        True,
    )
    note(dataset, 1, FIRST)
    state = state_of(dataset)
    assert ("prêts à relire" in state.description, state.is_under_way) == (True, False)
    assert (
        state.summary == "1 tableau d'au plus 1 dimension à la fois : 1 case montrée sur 1 (100 %)"
    )
    dataset.agree_to_tables(1, 1)
    state = state_of(dataset)
    assert (state.description, state.is_under_way) == ("en train d'être publiés", True)
    dataset.note_published_tables(ref("c"))
    state = state_of(dataset)
    assert (state.description, state.is_under_way) == ("publiés", False)
    dataset.set_policy(SECOND)
    dataset.note_no_tables(1, "trop de cases")
    refused = "les tableaux ne sont pas faits : trop de cases ; ceux d'avant restent publiés"
    assert (state_of(dataset).description, state_of(dataset).is_under_way) == (refused, False)
    dataset.remove_policy()
    assert "rien, comme vous l'avez dit" in state_of(dataset).description


def test_owner_refuses_once_and_may_think_again() -> None:
    """The page has the button until it was pressed, and the form ever after."""
    dataset, button = restricted(), "Ne rien montrer"
    html = html_of(owners.show_policy, answers_of(dataset), "owner", dataset_id="dts_r")
    assert button in html
    dataset.remove_policy()
    html = html_of(owners.show_policy, answers_of(dataset), "owner", dataset_id="dts_r")
    assert (button in html, "Faire les tableaux" in html) == (False, True)


WAITING = "Les tableaux de la version 2 attendent : une édition paraît en 365 jours."


def with_second_version(first: ReleasePolicy = FIRST) -> Dataset:
    """A restricted dataset with published tables, and later ones by the same policy."""
    dataset = restricted()
    dataset.set_policy(first)
    note(dataset, 1, first)
    dataset.agree_to_tables(1, 1)
    dataset.note_published_tables(ref("c"))
    note(dataset, 2, first, "d")
    return dataset


def agreement_of(html: str, dataset: Dataset) -> Json:
    """What the catalogue is sent by the page's button that publishes."""
    path, sent = f"{POLICY_PATH}/agreement", dict[str, Json]()
    form = Form(html.partition("/accord")[2].partition("</form>")[0]).fields
    answers = {**answers_of(dataset), path: {}}
    led_to(owners.agree_to_tables, answers, "owner", form=form, sent=sent, dataset_id="dts_r")
    return sent[path]


def test_tables_that_wait_say_why_and_leave_by_a_button() -> None:
    """The page does not ask again and again for what comes by itself in months, if ever."""
    dataset = with_second_version()
    html = html_of(
        owners.show_policy, answers_of(dataset, waiting=WAITING), "owner", dataset_id="dts_r"
    )
    assert WAITING in plain(html)
    assert "Des tableaux attendent d'être publiés." in plain(html)
    assert "ensemble 60" in plain(html)
    assert "hx-get" not in html
    assert "Publier cette édition maintenant" in html
    assert agreement_of(html, dataset) == {"number": 1, "version": 2}


def test_tables_that_leave_are_not_taken_for_those_of_before() -> None:
    """Published is what is shown on the page, and no earlier version."""
    dataset = with_second_version()
    dataset.agree_to_tables(1, 2)
    state = state_of(dataset)
    assert (state.description, state.is_under_way) == ("en train d'être publiés", True)
    dataset.note_published_tables(ref("d"))
    assert state_of(dataset).description == "publiés"


@pytest.mark.parametrize(
    ("editions", "version", "words"),
    [(1, None, "pour ceux des versions à venir"), (0, 1, "vaut pour ces tableaux seuls")],
)
def test_first_agreement_names_a_version_where_each_is_agreed_to(
    editions: int, version: int | None, words: str
) -> None:
    """Else the tables that the owner just agreed to would wait for the same word once more."""
    policy, dataset = FIRST.model_copy(update={"editions_a_year": editions}), restricted()
    dataset.set_policy(policy)
    note(dataset, 1, policy)
    html = html_of(owners.show_policy, answers_of(dataset), "owner", dataset_id="dts_r")
    assert words in plain(html)
    assert agreement_of(html, dataset) == {"number": 1, "version": version}


def test_own_page_says_it_of_a_restricted_table_and_leads_there() -> None:
    """Not of open data, of which all is shown."""
    dataset, link = tried(), 'href="/donnees/dts_r/publication"'
    answers = {**answers_of(dataset), "/datasets/dts_r/opening": {"members": []}}
    answers |= {f"/datasets/dts_r/{name}": {"items": []} for name in ("uses", "releases")}
    html = html_of(data.show, answers, "owner", dataset_id="dts_r")
    assert link in html
    assert "Des tableaux sont prêts à relire" in plain(html)
    answers["/datasets/dts_r"]["access"] = "open"
    assert link not in html_of(data.show, answers, "owner", dataset_id="dts_r")


def test_owner_reads_what_noise_costs_before_agreeing() -> None:
    """How wrong figures are, and how many are close; others are told no such share."""
    noisy, dataset = FIRST.model_copy(update={"method": "noise"}), restricted()
    dataset.set_policy(noisy)
    tables = MadeTables(
        policy=noisy, tables=("ensemble", "statut"), most_at_once=1, cells=4, shown=4,
        has_repeated_units=False, standard_errors=((5.1,), (10.2,)),
    )  # fmt: skip
    dataset.note_tables(1, tables, ref("c"), "job_1", 91)
    words = plain(html_of(owners.show_policy, answers_of(dataset), "owner", dataset_id="dts_r"))
    assert "« nombre » à ± 10 près, jusqu'à ± 20 selon le tableau" in words
    assert "91 % des effectifs d'au moins 11" in words
    assert "4 cases, toutes montrées, légèrement fausses" in words
    assert "masqué : ce n'est pas un zéro" not in words
