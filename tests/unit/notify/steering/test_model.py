"""Every order of events, and events told twice, end in the same facts; words can be taken out."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.steering.facts import facts_of
from services.notify.steering.model import MOST_ALIKE, Fact, Subject
from shared.endings.redaction import ERASED, redacted
from shared.events import JobSucceeded, ProjectEquipped, ProjectRejected, ProjectSubmitted
from tests.unit.notify.samples import EVENTS, MARK, envelope, marked
from tests.unit.notify.samples import instance_of as made
from tests.unit.notify.steering.story import PROJECT, START, delivered, heard


@given(st.randoms(use_true_random=False))
def test_every_order_of_events_told_once_or_twice_ends_the_same(random: object) -> None:
    """A redelivery, a late event, and a timeline that is read while events come in."""
    told = delivered()
    shuffled = [*told, *told]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert heard(shuffled[random.randrange(len(told)) :] + told) == heard(told)  # type: ignore[attr-defined]


def test_only_the_first_time_at_a_stage_counts() -> None:
    """A project is equipped again for each job that is asked for."""
    times = [START + timedelta(days=day) for day in (9, 2, 5)]
    envelopes = [
        envelope(made(ProjectEquipped), sequence=number, time=time)
        for number, time in enumerate(times, 1)
    ]
    (subject,) = heard(envelopes).values()
    assert [fact.at for fact in subject.facts] == [times[1]]


@given(st.permutations(range(12)))
def test_first_facts_of_a_kind_are_kept_and_more_are_told(order: list[int]) -> None:
    """A project that runs thousands of jobs keeps a small document, and its stages."""
    many = [
        Fact(key=f"job_{number:04}", at=START, sequence=number, what="job_succeeded")
        for number in range(MOST_ALIKE - 2 + len(order))
    ]
    last = [many[MOST_ALIKE - 2 + place] for place in order]
    stage = Fact(key="project_delivered", at=START, sequence=9_999, what="project_delivered")
    subject = Subject(id="project.prj_1", about="project", thing_id=PROJECT)
    subject.learn([stage, *many[: MOST_ALIKE - 2]])
    assert not subject.is_cut
    for one in last:
        subject.learn([one])
    assert subject.is_cut
    assert subject.facts == (*many[:MOST_ALIKE], stage)


def test_words_that_were_taken_out_do_not_come_back() -> None:
    """Of an event that is told with and without them, in either order, none is kept."""
    whole = envelope(marked(made(ProjectSubmitted, territory=("14",))))
    left = whole.model_copy(update={"data": redacted(whole.data)})
    for told in ([whole, left], [left, whole]):
        (subject,) = heard(told).values()
        assert [(fact.text, fact.places) for fact in subject.facts] == [(ERASED, ())]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_no_word_of_a_redacted_event_is_kept(event: ProjectSubmitted) -> None:
    """What the timeline takes out of an event is in no fact."""
    facts = [fact for _, fact in facts_of(envelope(redacted(marked(event))))]
    assert MARK not in repr(facts)


def test_words_of_what_names_a_member_are_redacted_and_others_stay() -> None:
    """Who decided is named, too; the project's own theme is its holder's."""
    envelopes = [
        envelope(made(ProjectSubmitted, project_id=PROJECT, theme="Habitat")),
        envelope(made(ProjectRejected, decided_by="mem_reviewer", reason=MARK), sequence=2),
    ]
    (subject,) = heard(envelopes).values()
    assert subject.names({"mem_reviewer"})
    subject.redact({"mem_reviewer"})
    assert [fact.text for fact in subject.facts] == ["Habitat", ERASED]
    assert not subject.names({"mem_reviewer"})
    subject.redact({PROJECT})
    assert [fact.text for fact in subject.facts] == [ERASED, ERASED]


def test_reasons_end_with_the_timeline_and_themes_stay() -> None:
    """Figures of years go on; why somebody gave up is told no longer."""
    envelopes = [
        envelope(made(ProjectSubmitted, theme="Habitat")),
        envelope(made(ProjectRejected, reason=MARK), sequence=2),
    ]
    (subject,) = heard(envelopes).values()
    subject.forget_reasons()
    assert [fact.text for fact in subject.facts] == ["Habitat", ERASED]


@pytest.mark.parametrize(
    ("ids", "thing"),
    [
        ({"project_id": "prj_1", "dataset_id": "dts_1"}, ("project", "prj_1")),
        ({"dataset_id": "dts_1"}, ("dataset", "dts_1")),
        ({"harvest_id": "hrv_1"}, ("harvest", "hrv_1")),
    ],
)
def test_jobs_are_their_projects_else_their_datasets_else_their_harvests(
    ids: dict[str, str], thing: tuple[str, str]
) -> None:
    """Compute that no project used is counted, too."""
    news = envelope(made(JobSucceeded, job_id="job_1", **ids))
    assert [about for about, _ in facts_of(news)] == [thing]
