"""What is kept of events, whoever tells them, in any order, and what a process knows of it."""

import itertools
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.notify.endings import note
from services.notify.model import Endpoint
from services.notify.recorder import Recorder
from services.notify.retention import policies
from services.notify.steering.kept_facts import SubjectIndex, hear, redact
from services.notify.steering.model import Subject
from services.notify.steering_watch import Filling, SteeringUpgrade, fill
from services.notify.timeline import Ownership, TimelineEntry
from shared.aggregate import LONG_AGO, now
from shared.endings.departures import Departure
from shared.endings.redaction import ERASED
from shared.events import Envelope, ErasureRequested, Event, ProjectRejected, ProjectSubmitted
from shared.settings import Settings
from shared.store import PAGE_LIMIT, Store
from tests.unit.notify.samples import MARK, PROJECT, envelope, marked
from tests.unit.notify.samples import instance_of as made
from tests.unit.notify.steering.story import HOLDER, Teller, delivered, heard

ERASURE = envelope(ErasureRequested(erasure_id="ers_1", member_id=HOLDER), subject="ers_1")


def record(store: Store, *envelope: Envelope[Event]) -> None:
    """Let the service hear these events."""
    for news in envelope:
        Recorder(store).record(news)
        note(store, news)


def kept(store: Store) -> dict[str, Subject]:
    """The subjects, by their ids, as if each was saved once and long ago."""
    as_new = {"version": 0, "changed_at": LONG_AGO}
    return {one.id: one.model_copy(update=as_new) for one in store.of(Subject).every()}


def test_events_twice_and_in_any_order_leave_the_same_facts(store: Store) -> None:
    """As unit tests show of the rules, and a document server keeps it."""
    told = delivered()
    shuffled = [*told, *told]
    random.Random(7).shuffle(shuffled)
    record(store, *shuffled)
    assert kept(store) == heard(told)


def test_workers_that_hear_of_one_project_at_once_lose_nothing(store: Store) -> None:
    """Four of them, each event with two."""
    told = delivered()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda parameter: hear(store, [parameter]), [*told, *reversed(told)]))
    assert kept(store) == heard(told)


def test_timelines_of_before_are_read_once_whoever_looks(store: Store) -> None:
    """Four processes at once; the figures are those of a lab that heard all of it."""
    told = delivered()
    record(store, *told)
    for path in store.of(Subject).every():
        store.of(Subject).remove(path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: SteeringUpgrade(store).sweep(), range(4)))
    assert kept(store) == heard(told)
    assert store.of(Filling).get("steering").is_done
    for path in store.of(Subject).every():
        store.of(Subject).remove(path)
    SteeringUpgrade(store).sweep()
    assert kept(store) == {}


def test_process_goes_on_where_another_crashed(store: Store) -> None:
    """Of three pages one was read; what came before it is not read again."""
    teller = Teller()
    for number in range(2 * PAGE_LIMIT + 1):
        teller.tell(ProjectSubmitted, number / 1000, project_id=f"prj_{number:04}")
    for one in teller.told:
        store.of(TimelineEntry).add(TimelineEntry.of(one, "", ""))
    SteeringUpgrade(store)._read_page()
    assert len(kept(store)) == PAGE_LIMIT
    for subject in store.of(Subject).every():
        store.of(Subject).remove(subject)
    SteeringUpgrade(store).sweep()
    assert len(kept(store)) == PAGE_LIMIT + 1


def test_lab_without_a_timeline_is_filled_at_once(store: Store) -> None:
    """And never looks again."""
    SteeringUpgrade(store).sweep()
    assert store.of(Filling).get("steering").is_done


def text_of(store: Store) -> str:
    """All that is kept for the figures, as one text."""
    return "\n".join(map(repr, store.of(Subject).every()))


def marked_story() -> Sequence[Envelope[Event]]:
    """A project that was rejected, with a name in all its words."""
    return [
        envelope(marked(made(ProjectSubmitted))),
        envelope(marked(made(ProjectRejected)), sequence=2),
    ]


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_erased_member_has_no_word_in_the_figures(store: Store, order: tuple[int, ...]) -> None:
    """Whether its events come before or after its erasure, or again."""
    told = [*marked_story(), ERASURE]
    record(store, *(told[place] for place in order), *marked_story())
    assert MARK not in text_of(store)
    assert ERASED in text_of(store)


def test_timeline_of_an_erased_member_brings_no_word_back(store: Store) -> None:
    """It is read while the erasure passes by: its bodies have words that may not be kept."""
    entries = [TimelineEntry.of(one, "", "") for one in marked_story()]
    for entry in entries:
        store.of(TimelineEntry).add(entry)
    record(store, ERASURE)
    fill(store, entries)
    assert MARK not in text_of(store)


def test_reasons_end_with_the_words_of_the_timeline(store: Store, settings: Settings) -> None:
    """The theme stays: the figures of a year shall not change years later."""
    record(store, *marked_story())
    assert MARK in text_of(store)
    (timeline,) = (policy for policy in policies(store, settings) if policy.kind == "timeline")
    list(timeline.things())
    timeline.erase(PROJECT, now(), "")
    submitted, rejected = store.of(Subject).get(f"project.{PROJECT}").facts
    assert (submitted.text, rejected.text) == (MARK, ERASED)


def test_other_members_words_are_untouched_by_an_erasure(store: Store) -> None:
    """Its receipt counts what was redacted."""
    other = made(ProjectSubmitted, project_id="prj_other", holder_id="mem_other", theme="Santé")
    record(store, *marked_story(), envelope(other, subject="prj_other"), ERASURE)
    assert "Santé" in text_of(store)
    (answer,) = store.of(Departure).get(HOLDER).outbox
    counts = {count["kind"]: count["count"] for count in answer["data"]["counts"]}
    assert counts["sujets du pilotage"] == 1
    assert store.of(Ownership).get(PROJECT).member_id == HOLDER
    assert store.of(Endpoint).find() == []


def known(index: SubjectIndex) -> dict[str, list[str]]:
    """The keys of the facts of every subject that is known."""
    return {one.id: [fact.key for fact in one.facts] for one in index.subjects()}


def test_answer_knows_what_was_saved_before_it_was_asked_for(store: Store) -> None:
    """By this process or another, at first and later."""
    told = delivered()
    hear(store, told[:9])
    index = SubjectIndex(store)
    for number in range(9, len(told)):
        assert known(index) == {
            name: [fact.key for fact in one.facts] for name, one in heard(told[:number]).items()
        }
        hear(store, [told[number]])


def test_words_that_were_taken_out_are_known_no_more(store: Store) -> None:
    """An erasure reaches the memory of every process with its next answer."""
    hear(store, [envelope(marked(made(ProjectRejected)))])
    index = SubjectIndex(store)
    assert MARK in repr(index.subjects())
    redact(store, {PROJECT})
    assert ERASED in repr(index.subjects())
    assert MARK not in repr(index.subjects())


def test_subjects_of_before_are_known(store: Store) -> None:
    """Their documents do not say when they changed; they are read when a process starts."""
    hear(store, delivered())
    for one in store.of(Subject).every():
        store.of(Subject).save(one.model_copy(update={"changed_at": LONG_AGO}))
    index = SubjectIndex(store)
    assert set(known(index)) == set(heard(delivered()))
