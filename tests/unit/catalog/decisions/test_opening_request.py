"""A restricted result is opened by all whose data went into it, for the version they saw."""

from typing import Any

import pytest

from services.catalog.datasets.bodies import ChangeDataset
from services.catalog.datasets.editing import check
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.decisions.opening_request import Contribution, OpeningRequest
from shared.aggregate import now
from shared.engine.tables.privacy import Privacy
from shared.errors import Forbidden, Invalid, WrongStage
from shared.events import DatasetDescribed, OpeningDecided, OpeningRequested
from tests.unit.catalog.samples import made_of, metadata, profile, published, ref, sources_under

OWNERS = ("mbr_a", "mbr_b", "mbr_h")


def result() -> Dataset:
    """A published result, made of the restricted data of three, its holder among them."""
    about = metadata("Vacance", access="restricted", licence="lov2")
    provenance = made_of(*sources_under("lov2"))
    dataset = published(
        "dts_r", about, keys=("epci",), owner_id="mbr_h", project_id="prj_1", provenance=provenance
    )
    dataset.source_owners = list(OWNERS)
    return dataset


def asked(dataset: Dataset, reason: str = "") -> OpeningRequest:
    """The request to open the dataset as it is."""
    newest = dataset.history.newest
    assert newest
    contributions = (
        Contribution(member_id=owner, dataset_id=f"dts_{owner}", title=owner) for owner in OWNERS
    )
    return OpeningRequest(
        version=newest.number,
        licence=dataset.metadata.licence,
        title=dataset.metadata.title,
        description=dataset.metadata.description,
        asked_by="mbr_h",
        asked_at=now(),
        reason=reason,
        contributions=tuple(contributions),
        members=OWNERS,
        asked=(f"version {newest.number}, {dataset.metadata.licence} {reason}",),
    )


def ask(dataset: Dataset, reason: str = "", obstacle: str = "") -> None:
    """Ask to open the dataset as it is."""
    dataset.ask_opening(asked(dataset, reason), obstacle)


def say(dataset: Dataset, *members: str, decision: Any = "open", obstacle: str = "") -> None:
    """The word of these members on the newest version."""
    for member in members:
        dataset.decide_opening(member, decision, "motif", len(dataset.versions), obstacle)


def opened() -> Dataset:
    """A result that all have opened."""
    dataset = result()
    ask(dataset)
    say(dataset, *OWNERS)
    return dataset


def events_of(dataset: Dataset, kind: type) -> list[Any]:
    """The events of that kind so far."""
    return [event for event in dataset.recorded() if isinstance(event, kind)]


def test_result_opens_with_the_last_yes() -> None:
    """The holder's own is needed too; all who are concerned hear of each word."""
    dataset = result()
    ask(dataset)
    [request] = events_of(dataset, OpeningRequested)
    assert [
        (contributor.member_id, contributor.titles) for contributor in request.contributors
    ] == [(owner, (owner,)) for owner in OWNERS]
    for number, member in enumerate(OWNERS):
        assert dataset.metadata.access == "restricted"
        say(dataset, member, member)
        assert len(events_of(dataset, OpeningDecided)) == number + 1
    assert dataset.metadata.access == "open"
    assert [event.is_open for event in events_of(dataset, OpeningDecided)] == [False, False, True]
    assert all(event.member_ids == OWNERS for event in events_of(dataset, OpeningDecided))
    assert [event.changed for event in events_of(dataset, DatasetDescribed)] == [("access",)]


def test_one_refusal_keeps_it_closed_until_that_one_agrees() -> None:
    """Whatever the others say, before or after."""
    dataset = result()
    ask(dataset)
    say(dataset, "mbr_a", decision="refuse")
    say(dataset, "mbr_b", "mbr_h")
    assert dataset.opening
    assert (dataset.metadata.access, dataset.opening.state) == ("restricted", "refused")
    say(dataset, "mbr_a")
    assert dataset.metadata.access == "open"


def test_word_is_waited_for_from_whom_it_would_change_something() -> None:
    """Not from who agreed, nor from anybody once one refused, it is open or asked no longer."""
    dataset = result()
    assert dataset.opening_waits_for == []
    ask(dataset)
    say(dataset, "mbr_a")
    assert dataset.opening_waits_for == ["mbr_b", "mbr_h"]
    say(dataset, "mbr_b", decision="refuse")
    assert dataset.opening_waits_for == []
    say(dataset, "mbr_b", "mbr_h")
    assert dataset.opening_waits_for == []
    say(dataset, "mbr_h", decision="withdraw")
    assert dataset.opening_waits_for == ["mbr_h"]
    dataset.retire_here("mbr_h", "motif")
    assert dataset.opening_waits_for == []


def test_yes_that_is_taken_back_closes_it_again() -> None:
    """Each may, at any time; it opens again when that one agrees again."""
    dataset = opened()
    with pytest.raises(WrongStage, match="retirez plutôt votre accord"):
        say(dataset, "mbr_b", decision="refuse")
    say(dataset, "mbr_b", decision="withdraw")
    assert dataset.opening
    assert (dataset.metadata.access, dataset.opening.missing) == ("restricted", ("mbr_b",))
    say(dataset, "mbr_b")
    assert dataset.metadata.access == "open"
    assert len(events_of(dataset, DatasetDescribed)) == 3


def test_word_is_for_the_version_that_was_seen() -> None:
    """A newer one ends what is asked, and closes what was opened: its data is other data."""
    for dataset in (result(), opened()):
        if not dataset.opening:
            ask(dataset)
        say(dataset, "mbr_a")
        with pytest.raises(WrongStage, match="version 1"):
            dataset.decide_opening("mbr_b", "open", "", 2, "")
        dataset.register(VersionContent(file=ref("c"), filename="b.csv"))
        assert dataset.metadata.access == "restricted"
        with pytest.raises(WrongStage, match="la version 2 est venue"):
            say(dataset, "mbr_b")
        dataset.publish(2, ref("d"), profile("epci"), "job_2")
        ask(dataset)
        assert dataset.opening
        assert dataset.opening.missing == OWNERS


def test_licence_that_was_agreed_to_is_not_changed_under_it() -> None:
    """While it is open not at all; while it is asked for, all are asked anew."""
    with pytest.raises(Invalid, match="par l'accord") as refused:
        check(opened(), ChangeDataset.model_validate({"licence": "odc-odbl"}))
    assert refused.value.field == "licence"
    dataset = result()
    ask(dataset)
    say(dataset, "mbr_a")
    dataset.describe(dataset.metadata.model_copy(update={"licence": "cc-by"}))
    ask(dataset)
    assert dataset.opening
    assert dataset.opening.missing == OWNERS


@pytest.mark.parametrize("change", [{"title": "Autre"}, {"description": "Autre"}])
def test_word_is_for_the_title_and_description_that_were_seen(change: dict[str, str]) -> None:
    """Others, later the same again, end what is asked; who agreed is asked anew."""
    dataset = result()
    ask(dataset)
    say(dataset, "mbr_a")
    before = dataset.metadata
    for changed_metadata in (before.model_copy(update=change), before):
        dataset.describe(changed_metadata)
        with pytest.raises(WrongStage, match="son titre ou sa description"):
            say(dataset, "mbr_b")
    ask(dataset)
    assert dataset.opening
    assert dataset.opening.missing == OWNERS


def test_yes_that_is_taken_back_ends_what_was_asked_of_another_title() -> None:
    """What is open may be called otherwise; closed again, nobody opens it by the old title."""
    dataset = opened()
    dataset.describe(dataset.metadata.model_copy(update={"title": "Autre"}))
    say(dataset, "mbr_b", decision="withdraw")
    assert dataset.metadata.access == "restricted"
    with pytest.raises(WrongStage, match="son titre ou sa description"):
        say(dataset, "mbr_b")


def test_what_its_owner_closes_is_asked_for_anew() -> None:
    """And another title asks nobody."""
    dataset = opened()
    dataset.describe(dataset.metadata.model_copy(update={"title": "Autre"}))
    assert dataset.metadata.access == "open"
    dataset.describe(dataset.metadata.model_copy(update={"access": "restricted"}))
    assert dataset.opening
    assert dataset.opening.state == "ended"
    ask(dataset)
    assert dataset.opening.missing == OWNERS


def test_what_is_in_the_way_is_stronger_than_every_yes() -> None:
    """Persons who could be told from it; once that is mended the owner asks again."""
    dataset = result()
    ask(dataset)
    say(dataset, *OWNERS, obstacle="des personnes")
    assert dataset.metadata.access == "restricted"
    ask(dataset)
    assert dataset.opening
    assert dataset.opening.is_open
    # Screened anew, what is open closes again.
    quasi_profile = profile("epci").model_copy(
        update={"privacy": Privacy(verdict="quasi", subject="persons", k=2)}
    )
    dataset.read_again()
    dataset.publish(1, ref("b"), quasi_profile, "job_9")
    assert (dataset.metadata.access, dataset.opening.state) == ("restricted", "ended")


def test_others_have_no_word() -> None:
    """Nor has anybody before somebody asks, or once it is open."""
    dataset = result()
    with pytest.raises(WrongStage, match="personne n'a demandé"):
        say(dataset, "mbr_a")
    ask(dataset)
    with pytest.raises(Forbidden):
        say(dataset, "mbr_z")
    with pytest.raises(WrongStage, match="déjà ouvert"):
        ask(opened())
