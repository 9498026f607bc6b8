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
from shared.engine.contract.policy import PolicyDimension, PolicyMeasure, ReleasePolicy
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
    "minimum_units": "11",
    "most_at_once": "2",
    "dimensions": ["age", "commune"],
    "levels age": "classes",
    "bounds age": "25 ; dix-huit",
    "levels commune": "epci commune",
    "measures": ["aide"],
    "cap aide": "1 000,5",
}


POLICY_PATH = "/datasets/dts_r/release-policy"


def deposited(*columns: Column) -> Dataset:
    """A restricted table of these columns."""
    shown = Profile(rows=60, encoding="utf-8", columns=columns)
    return published("dts_r", metadata("Aides", access="restricted"), shown=shown)


def answers_of(dataset: Dataset, proposal: ReleasePolicy | None = None) -> dict[str, Json]:
    """What the catalogue answers its owner."""
    owner = Caller(dataset.owner_id, frozenset({"owner"}))
    state = PolicyView(**dict(dataset.active_publication or ()), proposal=proposal)
    view = view_of(dataset, owner)
    return {
        f"/datasets/{dataset.id}": view.model_dump(mode="json"),
        POLICY_PATH: state.model_dump(mode="json"),
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
        self.fields, self._select = dict[str, Any](), ""
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
        minimum_units=5,
        dimensions=(
            PolicyDimension(column="partie", levels=("region", "departement", "commune")),
            PolicyDimension(column="note", levels=("classes",), bounds=(0.5,)),
            PolicyDimension(column="age", levels=("classes",), bounds=(-1.5, 1000)),
        ),
        measures=(PolicyMeasure(column="aide", cap=0.25), PolicyMeasure(column="loyer")),
        most_at_once=1,
    )
    dataset = deposited(text("foyer", 50), integer("age", 60), integer("aide", 60))
    dataset.set_policy(policy)
    assert sent_again(answers_of(dataset)) == policy


@pytest.mark.parametrize(
    ("at", "field", "words"),
    [
        ("dimensions.0.bounds.1", "bornes-1", "« age » : n'est pas un nombre"),
        ("dimensions.0", "bornes-1", "« age » : n'est pas un nombre"),
        ("dimensions.1.levels", "niveaux-2", "« commune » : n'est pas un nombre"),
        ("measures.0.cap", "plafond-1", "« aide » : n'est pas un nombre"),
        ("minimum_units", "minimum_units", "Nombre minimal : n'est pas un nombre"),
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
    assert policy["measures"] == [{"column": "aide", "cap": "1000.5"}]
    assert (policy["minimum_units"], policy["most_at_once"]) == (11, 2)


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
    assert state.summary.startswith("1 tableau d'au plus 1 dimension à la fois")
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
    assert state_of(dataset).description == "rien encore"


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
