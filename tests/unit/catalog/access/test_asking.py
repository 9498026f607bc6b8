"""Owners are asked for something, and their grant is for just that."""

from typing import Any

import pytest

from services.catalog.access.asking import ProjectFacts, ask, bound_of, is_answered, method_of
from services.catalog.access.grants import Conditions, Consent, Deadlines, Decision
from services.catalog.access.model import ProjectAccess
from services.catalog.access.views import AccessRequest
from services.catalog.datasets.model import Dataset
from shared import events
from shared.endings.redaction import redact
from shared.engine.applications import with_choices
from shared.engine.contract.policy import MadeTables, Readers, ReleasePolicy
from shared.engine.tables.manifest import ColumnDescription
from shared.errors import Invalid, WrongStage
from shared.events.event import Party, Treatment
from tests.unit.catalog.samples import metadata, published, ref, registered, with_columns

BUSES = with_columns(
    published("dts_buses", metadata("Bus", access="restricted"), owner_id="mbr_o"),
    ("stop", "commune", "boardings", "revenue"),
)
TOWNS = with_columns(published("dts_towns", metadata("Communes")), ("code", "population"))
WANTED = {"dts_buses": BUSES, "dts_towns": TOWNS}
STORED = "d8b8710ffd779085632bec91f9eead6b79b356864bef24aa84d9145615e94d26"
"""What owners were asked by, for these facts, before a crossing had a choice."""


def treatment(*sums: str, by: str = "commune") -> Treatment:
    """Crosses the buses with the communes, and adds up."""
    cross = {
        "application": "cross",
        "inputs": {"left": "buses", "right": "towns"},
        "parameters": {"left_key": "commune", "right_key": "code"},
        "output": "crossed",
    }
    aggregate = {
        "application": "aggregate",
        "inputs": {"table": "crossed"},
        "parameters": {"by": [by], "sums": sums},
        "output": "summed",
    }
    inputs = {"buses": "dts_buses", "towns": "dts_towns"}
    return Treatment.model_validate({"inputs": inputs, "steps": [cross, aggregate]})


def facts(*sums: str, proposal: int = 1, by: str = "commune") -> ProjectFacts:
    """A town's project."""
    return ProjectFacts(
        proposal=proposal,
        treatment=treatment(*sums, by=by),
        holder_id="mbr_h",
        holder=Party(name="Ville", kind="local_authority", siren="217600000"),
        title="Arrêts",
        problem="Où ajouter des arrêts ?",
    )


def asked(first: ProjectFacts | None = None) -> ProjectAccess:
    """A project that asks for the buses."""
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", WANTED, Deadlines(), first or facts("boardings"))
    return access


def fingerprint_of(access: ProjectAccess) -> str:
    """The fingerprint of what the owner sees."""
    return AccessRequest.of(access, access.request_for("dts_buses"), "mbr_o", None).fingerprint


def granted(first: ProjectFacts | None = None, **bound: Any) -> ProjectAccess:
    """A project whose owner granted what it asked for."""
    access = asked(first)
    terms = Conditions(**bound)
    access.decide("dts_buses", "mbr_o", "grant", "", terms, fingerprint=fingerprint_of(access))
    return access


def events_of(access: ProjectAccess, *classes: type) -> list[Any]:
    """The events of these classes."""
    return [event for event in access.recorded() if isinstance(event, classes)]


def test_request_says_who_why_what_and_what_comes_out() -> None:
    """In French sentences, with the columns that are read and those that are not."""
    request = ask(facts("boardings"), "dts_buses", WANTED)
    request_text = "\n".join(request.sentences)
    assert "« Ville » (collectivité territoriale, SIREN 217600000)" in request_text
    assert "dans les mots du porteur : « Arrêts » « Où ajouter des arrêts ? »" in request_text
    assert (
        "les colonnes « boardings » et « commune ». Le reste ne l'est pas : « stop »"
        in request_text
    )
    assert "« commune » avec « code » de « Communes »" in request_text
    assert "par groupe (« commune ») : « commune » et la somme de « boardings »" in request_text
    assert "Le compte rendu du croisement donne, par « commune » : les valeurs sans" in request_text
    assert "essai" in request_text
    assert "fin du projet" in request_text
    assert request.bound.reading.columns == ("boardings", "commune")


def test_event_tells_the_owner_all_that_is_asked() -> None:
    """Webhooks show it as the page does."""
    [event] = events_of(asked(), events.AccessRequested)
    assert event.columns == ("boardings", "commune")
    assert event.holder.name == "Ville"
    assert any("la somme de « boardings »" in query for query in event.asked)
    assert any(sentence.startswith("Licences : ") for sentence in event.asked)
    assert event.fingerprint == fingerprint_of(asked())


def test_grant_names_what_was_shown() -> None:
    """Without the fingerprint it is refused; after a change, too."""
    access = asked()
    with pytest.raises(Invalid) as wrong:
        access.decide("dts_buses", "mbr_o", "grant", "")
    assert wrong.value.field == "fingerprint"
    seen = fingerprint_of(access)
    access.change_treatment(facts("boardings", "revenue", proposal=2), WANTED)
    with pytest.raises(WrongStage, match="a changé"):
        access.decide("dts_buses", "mbr_o", "grant", "", fingerprint=seen)
    access.decide("dts_buses", "mbr_o", "refuse", "non")


def test_column_that_was_not_granted_is_asked_for_anew() -> None:
    """The grant waits; granted again, access opens for that treatment."""
    access = granted()
    access.change_treatment(facts("revenue", proposal=2), WANTED)
    request = access.request_for("dts_buses")
    assert (request.state, request.missing) == ("requested", ["mbr_o"])
    assert events_of(access, events.AccessRequested)[-1].columns == ("commune", "revenue")
    assert not request.covers(bound_of(treatment("revenue"), "dts_buses", WANTED, "mbr_h"))
    access.decide("dts_buses", "mbr_o", "grant", "", fingerprint=fingerprint_of(access))
    assert [event.proposal for event in events_of(access, events.DataAccessOpened)] == [1, 2]


@pytest.mark.parametrize("finer", [{"by": "stop"}, {"by": "population"}])
def test_finer_grain_is_asked_for_anew(finer: dict[str, str]) -> None:
    """Also where the same columns are read."""
    access = granted(facts("boardings", "revenue"))
    access.change_treatment(facts("boardings", proposal=2, **finer), WANTED)
    assert access.request_for("dts_buses").state == "requested"


def test_grant_for_any_treatment_is_asked_for_nothing_more() -> None:
    """The owner said so in so many words."""
    access = granted(any_treatment=True)
    access.change_treatment(facts("revenue", proposal=2, by="stop"), WANTED)
    assert access.request_for("dts_buses").state == "granted"
    assert events_of(access, events.DataAccessOpened)[-1].proposal == 2


def test_grant_from_before_is_bound_to_what_the_project_does_now() -> None:
    """Its owner is told, once; from then on it binds as any other."""
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", WANTED, Deadlines())
    access.decide("dts_buses", "mbr_o", "grant", "")
    for _ in range(2):
        access.change_treatment(facts("boardings"), WANTED)
    [bound] = events_of(access, events.AccessBound)
    assert any("la somme de « boardings »" in sentence for sentence in bound.asked)
    assert access.request_for("dts_buses").state == "granted"
    access.change_treatment(facts("revenue", proposal=2), WANTED)
    assert access.request_for("dts_buses").state == "requested"


def test_request_from_before_is_told_anew_with_what_is_asked() -> None:
    """Its owner has not decided yet: now it can see on what."""
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", WANTED, Deadlines())
    access.change_treatment(facts("boardings"), WANTED)
    assert [event.columns for event in events_of(access, events.AccessRequested)] == [
        (),
        ("boardings", "commune"),
    ]


def test_title_of_what_is_not_published_is_not_told() -> None:
    """The holder reads the request's text, too."""
    descriptions = (ColumnDescription(name="boardings", description="Malades"),)
    about = metadata("Malades", access="restricted").model_copy(update={"columns": descriptions})
    hidden = registered("dts_buses", about, owner_id="mbr_o")
    fields: dict[str, Dataset | None] = {"dts_buses": hidden, "dts_towns": TOWNS}
    assert "Malades" not in "\n".join(ask(facts("boardings"), "dts_buses", fields).sentences)


def test_erased_project_keeps_its_grants_without_what_was_said() -> None:
    """Who, why, which columns and what comes out are words; who decided when is not."""
    access = granted(purpose="Étude des arrêts")
    access.close("Projet retiré.")
    redact(access)
    left = ProjectAccess.model_validate(access.model_dump())
    words = ("Arrêts", "arrêts", "Ville", "217600000", "boardings", "Bus")
    assert not [word for word in words if word in repr(left.model_dump())]
    (buses,) = (grant for grant in left.grants if grant.dataset_id == "dts_buses")
    assert (buses.state, buses.deciders, buses.consents) == ("revoked", ["mbr_o"], ["mbr_o"])


def changed(dataset: Dataset, sha: str) -> Dataset:
    """The same dataset with another file."""
    version = dataset.versions[0].model_copy(update={"file": ref(sha)})
    return dataset.model_copy(update={"versions": [version]})


def test_another_version_of_what_is_beside_is_asked_for_anew() -> None:
    """One group for each row would tell the rows: whoever brings the groups could change them."""
    access = granted()
    later = WANTED | {"dts_towns": changed(TOWNS, "d")}
    bound = bound_of(treatment("boardings"), "dts_buses", later, "mbr_h")
    assert not access.request_for("dts_buses").covers(bound)
    assert access.asks_otherwise(later)
    access.change_treatment(facts("boardings"), later)
    assert access.request_for("dts_buses").state == "requested"


def test_grant_for_the_service_outlives_the_delivery_on_other_versions() -> None:
    """A grant for the project ends with it; what needs nobody's word is read on."""
    access = granted(for_service=True)
    later = WANTED | {"dts_towns": changed(TOWNS, "d")}
    access.deliver("Projet livré.")
    assert not access.closed
    assert [grant.state for grant in access.grants] == ["granted", "granted"]
    bound = bound_of(treatment("boardings"), "dts_buses", later, "mbr_h")
    assert access.request_for("dts_buses").covers(bound)
    finer = bound_of(treatment("boardings", by="stop"), "dts_buses", later, "mbr_h")
    assert not access.request_for("dts_buses").covers(finer)
    access.decide("dts_buses", "mbr_o", "revoke", "étude finie")
    assert [event.reason for event in events_of(access, events.AccessRevoked)] == ["étude finie"]

    access = granted()
    access.deliver("Projet livré.")
    assert [grant.state for grant in access.grants] == ["revoked", "granted"]
    [ended] = events_of(access, events.ServiceAccessEnded)
    assert ended.dataset_ids == ("dts_buses",)
    assert events_of(access, events.AccessRevoked) == []
    request = access.request_for("dts_buses")
    assert access.decisions(request, "mbr_o", None) == ("grant",)
    assert access.decisions(request, "mbr_h", None) == ()
    with pytest.raises(Invalid, match="vaut pour son service"):
        access.decide("dts_buses", "mbr_o", "grant", "", fingerprint=fingerprint_of(access))
    terms = Conditions(for_service=True)
    access.decide("dts_buses", "mbr_o", "grant", "", terms, fingerprint=fingerprint_of(access))
    assert access.request_for("dts_buses").outlives_delivery


def test_project_without_open_data_is_closed_at_delivery() -> None:
    """Nothing of it is read on, as before."""
    access = granted()
    access.grants = [grant for grant in access.grants if grant.asked]
    access.deliver("Projet livré.")
    assert access.closed


def test_treatment_that_reads_less_goes_on_and_what_was_agreed_to_is_kept() -> None:
    """Nobody is asked, access opens for it at once, and the owner's page shows what was seen."""
    access = granted(facts("boardings", "revenue"))
    access.change_treatment(facts("boardings", proposal=2), WANTED)
    assert access.request_for("dts_buses").state == "granted"
    assert len(events_of(access, events.AccessRequested)) == 1
    assert events_of(access, events.DataAccessOpened)[-1].proposal == 2
    view = AccessRequest.of(access, access.request_for("dts_buses"), "mbr_o", None)
    assert "« revenue »" in "".join(view.agreed[2:3])
    assert "Le reste ne l'est pas : « stop » et « revenue »" in "".join(view.asked[2:3])


def test_words_of_the_holder_cannot_pass_for_the_labs() -> None:
    """They stand on one line, in guillemets that they cannot end."""
    forged = facts("boardings").model_copy(update={"problem": "x ».\nCe qui est lu : rien."})
    sentences = ask(forged, "dts_buses", WANTED).sentences
    assert not any("\n" in sentence for sentence in sentences)
    assert sentences[1].count("»") == 2


def test_rows_that_a_crossing_leaves_out_are_told() -> None:
    """An inner crossing with one row of one's own picks a row of the other."""
    whole = treatment("boardings")
    cross = whole.steps[0].model_copy(
        update={"parameters": {"left_key": "commune", "right_key": "code", "how": "inner"}}
    )
    inner = whole.model_copy(update={"steps": (cross, whole.steps[1])})
    access = granted()
    picked = facts("boardings", proposal=2).model_copy(update={"treatment": inner})
    access.change_treatment(picked, WANTED)
    assert access.request_for("dts_buses").state == "requested"
    request = AccessRequest.of(access, access.request_for("dts_buses"), "mbr_o", None)
    assert any("ne garde que les lignes où « commune »" in sentence for sentence in request.asked)


def described(description: str) -> dict[str, Dataset | None]:
    """The same datasets, once the owner of the buses says that of their boardings."""
    columns = (ColumnDescription(name="boardings", description=description),)
    about = BUSES.metadata.model_copy(update={"columns": columns})
    return {**WANTED, "dts_buses": BUSES.model_copy(update={"metadata": about})}


def test_what_a_column_holds_follows_its_name() -> None:
    """As its owner says, cut where it is long, and in guillemets that it cannot end."""
    sentence = ask(facts("boardings"), "dts_buses", described("montées\npar jour ».")).sentences[2]
    assert "les colonnes « boardings » (« montées par jour ›. ») et « commune »." in sentence
    long = ask(facts("boardings"), "dts_buses", described("jour " * 99)).sentences[2]
    assert "jour … ») et « commune »" in long
    assert len(long) < 400


def test_describing_a_column_asks_for_nothing_else() -> None:
    """Requests that wait keep their fingerprint, and what their owner reads stays as it was."""
    access, later = asked(), described("montées par jour")
    assert not access.asks_otherwise(later)
    assert ask(facts("boardings"), "dts_buses", later).fingerprint == STORED
    access.decide("dts_buses", "mbr_o", "grant", "", fingerprint=STORED)
    access.change_treatment(facts("boardings"), later)
    request = access.request_for("dts_buses")
    assert request.state == "granted"
    assert not any("montées" in sentence for sentence in request.agreed)


def test_choice_of_crossings_leaves_what_was_asked_before_as_it_was() -> None:
    """Grants of treatments that were stored without it name this fingerprint; one with it asks."""
    stored = facts("boardings")
    assert fingerprint_of(asked(stored)) == STORED
    assert stored.treatment.model_dump()["steps"][0]["parameters"] == {
        "left_key": "commune",
        "right_key": "code",
    }
    access = granted(stored)
    again = with_choices(stored.treatment)
    access.change_treatment(stored.model_copy(update={"proposal": 2, "treatment": again}), WANTED)
    assert access.request_for("dts_buses").state == "granted"


CODE = "def run(tables, parameters):\n    return tables['buses']\n"
SQL = "SELECT commune, sum(boardings) AS n FROM buses\nWHERE stop <> 'x' GROUP BY commune"


def written(application: str, text: str, proposal: int = 1) -> ProjectFacts:
    """A treatment by the holder's own code, or by a query."""
    parameters = {"code" if application == "python" else "sql": text}
    step = {"application": application, "inputs": {"buses": "buses"}, "output": "made"}
    steps = [{**step, "parameters": parameters}]
    treatment = Treatment.model_validate({"inputs": {"buses": "dts_buses"}, "steps": steps})
    return facts("boardings").model_copy(update={"treatment": treatment, "proposal": proposal})


@pytest.mark.parametrize(
    ("application", "text", "other", "message"),
    [
        ("python", CODE, f"{CODE}#", "2 lignes, empreinte {}"),
        ("query", SQL, SQL.replace("'x'", "'y'"), "requête SQL"),
    ],
)
def test_what_a_holder_wrote_is_read_by_those_who_decide_and_granted_as_it_is(
    application: str, text: str, other: str, message: str
) -> None:
    """A grant is for that code: another one, or other rows by a query, waits for its owner."""
    access = granted(written(application, text))
    request = AccessRequest.of(access, access.request_for("dts_buses"), "mbr_o", None)
    assert [(own_code.application, own_code.text) for own_code in request.code] == [
        (application, text)
    ]
    sha256 = request.code[0].sha256
    assert any(
        message.format(sha256) in sentence and sha256 in sentence for sentence in request.asked
    )
    access.change_treatment(written(application, text, 2), WANTED)
    assert access.request_for("dts_buses").state == "granted"
    access.change_treatment(written(application, other, 3), WANTED)
    assert access.request_for("dts_buses").state == "requested"


def test_request_says_that_counts_and_keys_without_a_match_come_out() -> None:
    """Of every treatment of tables, so that it is no part of what was granted; of files not."""
    [sentence] = [
        sentence
        for sentence in ask(facts("boardings"), "dts_buses", WANTED).sentences
        if sentence.startswith("Sort aussi, de tout traitement : combien de lignes a le résultat")
    ]
    assert "combien n'y rencontrent rien et leurs clés" in sentence


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a FROM buses WHERE stop = 'x'",
        "SELECT EXISTS(SELECT 1 FROM buses WHERE stop = 'x') AS a",
    ],
)
def test_request_never_says_that_nothing_comes_out_of_what_is_read(sql: str) -> None:
    """How many rows there are, or that there are some, tells of the data, too."""
    asked_text = "\n".join(ask(written("query", sql), "dts_buses", WANTED).sentences)
    assert "ni aucun chiffre qui en soit fait" not in asked_text
    assert "les lignes et les chiffres qui sortent peuvent en dépendre" in asked_text


@pytest.mark.parametrize(
    "sql",
    [
        "PIVOT buses ON stop IN ('a', 'b') USING sum(boardings) GROUP BY commune",
        "SELECT * FROM buses PIVOT (sum(boardings) FOR stop IN ('a', 'b') GROUP BY commune)",
    ],
)
def test_figures_of_a_pivot_are_said_to_be_of_each_value_too(sql: str) -> None:
    """A figure of a town and a stop is finer than one of a town."""
    sentences = ask(written("query", sql), "dts_buses", WANTED).sentences
    cells = "par groupe (« commune » et « stop ») :"
    assert any(cells in sentence and "somme de « boardings »" in sentence for sentence in sentences)


def test_owners_of_files_are_asked_for_all_of_them() -> None:
    """Files have no columns: what code reads and shows of them is told by the code alone."""
    photos = published("dts_photos", metadata("Photos", access="restricted", content="files"))
    fields = {"dts_photos": photos, "dts_towns": TOWNS}
    steps = [
        {
            "application": "python",
            "inputs": {"photos": "photos", "towns": "towns"},
            "parameters": {"code": "def run(tables, parameters): ..."},
            "output": "made",
        }
    ]
    inputs = {"photos": "dts_photos", "towns": "dts_towns"}
    asked_for = Treatment.model_validate({"inputs": inputs, "steps": steps})
    asked = ask(
        facts("population").model_copy(update={"treatment": asked_for}), "dts_photos", fields
    )
    request_text = " ".join(asked.sentences)
    assert "tous ses fichiers, tels quels ; l'accord porte sur le jeu entier" in request_text
    assert "code écrit par le porteur" in request_text
    assert "croisées" not in request_text
    assert "Aucune de leurs valeurs" not in request_text
    assert asked.reading.columns is None


SUMS = written("query", "SELECT commune, sum(boardings) AS n FROM buses GROUP BY commune")
ROWS = written("query", "SELECT commune, boardings FROM buses", 2)


def with_tables(readers: Readers) -> Dataset:
    """The buses with published tables for these readers."""
    columns = tuple(column.name for column in BUSES.profile.columns) if BUSES.profile else ()
    buses = with_columns(
        published("dts_buses", metadata("Bus", access="restricted"), owner_id="mbr_o"), columns
    )
    policy = ReleasePolicy.model_validate(
        {
            "dimensions": [{"column": "commune", "levels": ["value"]}],
            "measures": [{"column": "boardings"}],
            "readers": readers,
        }
    )
    buses.set_policy(policy)
    tables = MadeTables(
        policy=policy, tables=("ensemble", "commune"), most_at_once=1, cells=3, shown=3,
        has_repeated_units=False,
    )  # fmt: skip
    buses.note_tables(1, tables, ref("c"), "job_1")
    buses.agree_to_tables(1, 1)
    buses.note_published_tables(ref("c"))
    return buses


def test_owner_is_asked_for_tables_that_are_for_granted_projects() -> None:
    """And told that these alone are read, and that no reviewer decides; of others nobody is."""
    free, asking = ProjectAccess(id="prj_1"), ProjectAccess(id="prj_2")
    free.secure("mbr_h", {"dts_buses": with_tables("lab")}, Deadlines(), SUMS)
    asking.secure("mbr_h", {"dts_buses": with_tables("granted")}, Deadlines(), SUMS)
    grants = [access.grants[0] for access in (free, asking)]
    assert [grant.state for grant in grants] == ["granted", "requested"]
    asked_for = grants[1].asked_for
    assert asked_for
    assert "Aucun relecteur ne décide" in str(asked_for.sentences)
    assert "un relecteur du Datalab décide" not in str(asked_for.sentences)


def test_grant_of_tables_is_none_of_rows() -> None:
    """Neither for another treatment, nor once the tables are gone."""
    buses = with_tables("granted")
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", {"dts_buses": buses}, Deadlines(), SUMS)
    read = fingerprint_of(access)
    access.decide("dts_buses", "mbr_o", "grant", "", fingerprint=read)
    grant, other = access.request_for("dts_buses"), access.model_copy(deep=True)
    states = [grant.state]
    access.change_treatment(ROWS, {"dts_buses": buses})
    assert [*states, grant.state] == ["granted", "requested"]
    buses.remove_policy()
    assert other.asks_otherwise({"dts_buses": buses})
    other.ask_otherwise({"dts_buses": buses})
    assert other.request_for("dts_buses").state == "requested"


def test_consent_to_any_treatment_of_tables_opens_no_rows() -> None:
    """It is refused at its field; one from before holds for whatever tables answer, and no more."""
    buses = with_tables("granted")
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", {"dts_buses": buses}, Deadlines(), SUMS)
    read = fingerprint_of(access)
    assert AccessRequest.of(access, access.grants[0], "mbr_o", None).by_tables
    with pytest.raises(Invalid) as refused:
        access.decide(
            "dts_buses", "mbr_o", "grant", "", Conditions(any_treatment=True), fingerprint=read
        )
    assert refused.value.field == "treatment"
    access.decide("dts_buses", "mbr_o", "grant", "", fingerprint=read)
    [grant] = access.grants
    grant.conditions = [Consent(decider="mbr_o", any_treatment=True)]
    total = written("query", "SELECT sum(boardings) AS n FROM buses", 3)
    access.change_treatment(total, {"dts_buses": buses})
    assert grant.state == "granted"
    rows = ROWS.model_copy(update={"proposal": 4})
    access.change_treatment(rows, {"dts_buses": buses})
    assert (grant.state, grant.missing) == ("requested", ["mbr_o"])


def test_project_that_read_tables_of_all_is_asked_for_once_they_are_for_few() -> None:
    """What it read, it read; the next time its owner decides."""
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", {"dts_buses": with_tables("lab")}, Deadlines(), SUMS)
    few = with_tables("granted")
    assert access.must_ask_again(few, {"dts_buses": few})
    access.ask_again(few, {"dts_buses": few})
    assert access.request_for("dts_buses").missing == ["mbr_o"]


@pytest.mark.parametrize("word", ["refuse", "revoke"])
def test_nobody_is_kept_from_tables_that_all_may_read(word: Decision) -> None:
    """Whatever was said before they were; what was made before is held to that still."""
    few, lab = with_tables("granted"), with_tables("lab")
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", {"dts_buses": few}, Deadlines(), SUMS)
    if word == "revoke":
        ending = Conditions(until="2199-12-31")
        read = fingerprint_of(access)
        access.decide("dts_buses", "mbr_o", "grant", "", ending, fingerprint=read)
    access.decide("dts_buses", "mbr_o", word, "non")
    assert not access.can_reconsider(few, {"dts_buses": few})
    access.reconsider(lab, {"dts_buses": lab})
    grant = access.granted("dts_buses")
    assert (grant.asked, grant.until) == (False, None)
    assert access.taken_back(["dts_buses"]) == ("non" if word == "revoke" else "")
    assert access.must_ask_again(few, {"dts_buses": few})


def test_own_data_with_tables_is_read_as_it_is() -> None:
    """Its owner's treatment has no need of them."""
    buses = with_tables("lab")
    assert not is_answered(SUMS.treatment, buses, {"dts_buses": buses}, "mbr_o")


def test_figures_of_tables_say_by_which_method_they_are_and_how_wrong() -> None:
    """Once, in words, beside what a treatment is answered."""
    about = {
        "dimensions": [{"column": "sexe", "levels": ["value"]}],
        "measures": [{"column": "aide"}],
    }
    exact, noisy = (
        MadeTables(
            policy=ReleasePolicy.model_validate({**about, "method": method}),
            tables=("ensemble", "sexe"), most_at_once=1, cells=5, shown=5,
            has_repeated_units=False, standard_errors=errors,
        )
        for method, errors in (("exact", ()), ("noise", ((6.2, 1020.0), (9.3, 2040.0))))
    )  # fmt: skip
    assert "exacts ; une case vide" in method_of(exact)
    said = method_of(noisy)
    assert "« environ 340, ± 12 »" in said
    assert "« aide » à ± 2\u202f000 près, jusqu'à ± 4\u202f000 selon le tableau" in said
