"""What a process knows of the figures follows the documents, whoever saves them."""

from services.notify.steering.kept_facts import SubjectIndex, hear, redact
from services.notify.steering.model import Subject
from shared.aggregate import LONG_AGO
from shared.endings.redaction import ERASED
from shared.events import ProjectRejected
from shared.store import Store
from tests.unit.notify.samples import MARK, PROJECT, envelope, marked
from tests.unit.notify.samples import instance_of as made
from tests.unit.notify.steering.story import delivered, heard


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
