"""Who is written to about which event, whatever order the events come in, and each thing once."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.notify.mail.addressing import MOST_AT_ONCE, Addressing, next_hour
from services.notify.mail.model import KEPT, Mail, MailPreference, News, mail_id
from services.notify.mail.preferences import page_news
from services.notify.recorder import Recorder
from services.notify.timeline import TimelineEntry
from shared.aggregate import now
from shared.events import (
    AccessRequested,
    CompletionAsked,
    DatasetPublished,
    Envelope,
    Event,
    JobQueued,
    JobSucceeded,
    NotPersonalDeclared,
    ProjectAdvised,
    ProjectEquipped,
    ProjectSecured,
    ProjectSubmitted,
    ProjectTrialled,
    ReleaseQuestionAnswered,
    ReleaseQuestionAsked,
    ResultHeld,
)
from shared.inbound import Paging
from shared.language.french import day_in_paris
from shared.store import PAGE_LIMIT, Store
from tests.integration.notify.mail.posting import prefer
from tests.unit.notify.samples import EVENTS, HOLDER, OWNER, PROJECT, envelope, example, instance_of

HOUR = 7


def hear(store: Store, *events: Envelope[Event]) -> None:
    """Let the service hear these events."""
    for event in events:
        Recorder(store, Addressing(store, HOUR)).record(event)


def happened(event: Event, *, ago: timedelta = timedelta(0), sequence: int = 1) -> Envelope[Event]:
    """The event as it comes from the broker."""
    return envelope(event, time=now() - ago, sequence=sequence)


def mails(store: Store, person: MailPreference) -> list[Mail]:
    """The mails to somebody."""
    return store.of(Mail).find({"account_id": person.id})


def entries(store: Store, person: MailPreference) -> int:
    """How many things somebody is told."""
    return sum(len(mail.news) for mail in mails(store, person))


def test_who_said_nothing_and_strangers_are_written_nothing(store: Store) -> None:
    """Every kind of event, of its own member too.

    What waits for the staff is addressed by role, which is asked for before it is sent.
    """
    silent = prefer(store)
    stranger = prefer(store, "mem_x", tasks="immediate", projects="immediate", data="immediate")
    hear(store, *(happened(event) for event in EVENTS))
    assert mails(store, silent) == []
    assert all(news.roles for mail in mails(store, stranger) for news in mail.news)


def test_lab_without_a_mail_server_addresses_nobody(store: Store) -> None:
    """Nothing is queued that nothing will send."""
    person = prefer(store, projects="immediate")
    Recorder(store).record(happened(example(ProjectSubmitted)))
    assert mails(store, person) == []


def test_event_that_comes_twice_is_one_mail(store: Store) -> None:
    """From one worker or from several at once."""
    person = prefer(store, projects="immediate")
    event = happened(example(ProjectSubmitted))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: hear(store, event), range(8)))
    (mail,) = mails(store, person)
    assert mail.news[0].page == f"/projets/{PROJECT}"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_person_is_told_the_same_in_any_order(store: Store, order: tuple[int, ...]) -> None:
    """An event may come before the one that tells whose project it is about.

    The portal shows the same to the member, whoever wants mails.
    """
    events = [
        happened(example(ProjectSubmitted)),
        happened(instance_of(JobSucceeded, kind="full", project_id=PROJECT)),
        happened(example(ProjectSecured)),
    ]
    at_once, daily = prefer(store, projects="immediate"), prefer(store, projects="daily")
    hear(store, happened(example(JobQueued)), *(events[place] for place in order), *events)
    assert entries(store, at_once) == 3
    assert (len(mails(store, daily)), entries(store, daily)) == (1, 3)
    news_entries, _ = page_news(store, HOLDER, Paging())
    assert sorted(entry.topic for entry in news_entries) == [
        "job_succeeded",
        "project_secured",
        "project_submitted",
    ]
    assert page_news(store, "mem_x", Paging()) == ([], None)


def test_news_is_paged_newest_first(store: Store) -> None:
    """Each once."""
    for number in range(5):
        Recorder(store).record(happened(example(ProjectSubmitted), sequence=number))
    first, cursor = page_news(store, HOLDER, Paging(limit=3))
    rest, end = page_news(store, HOLDER, Paging(limit=3, after=cursor))
    assert [entry.sequence for entry in first + rest] == [4, 3, 2, 1, 0]
    assert end is None


def test_each_is_told_of_its_part(store: Store) -> None:
    """Who is asked has a task, who asks has news, each at the page that it is about."""
    owner = prefer(store, OWNER, tasks="immediate", projects="immediate")
    holder = prefer(store, HOLDER, tasks="immediate", projects="immediate")
    hear(store, happened(instance_of(AccessRequested, member_id=None)))
    (asked,), (mail,) = mails(store, owner), mails(store, holder)
    assert (asked.news[0].kind, asked.news[0].page) == ("tasks", "/demandes/prj_1.dts_1")
    assert (mail.news[0].kind, mail.news[0].page) == ("projects", "/projets/prj_1")


def test_what_waits_for_the_staff_is_for_who_has_the_role(store: Store) -> None:
    """Addressed to all who want tasks; the mailer asks for their roles."""
    reviewer = prefer(store, "mem_lab", tasks="immediate")
    other = prefer(store, "mem_lab", projects="immediate", data="daily")
    hear(store, happened(example(ProjectAdvised)))
    (mail,) = mails(store, reviewer)
    assert mail.news[0].roles == ("reviewer",)
    assert mails(store, other) == []


def test_nobody_is_asked_to_decide_on_what_it_said_itself(store: Store) -> None:
    """The staff of others confirms what an owner declares."""
    lab, owner = prefer(store, "mem_lab", tasks="daily"), prefer(store, OWNER, tasks="daily")
    hear(store, happened(instance_of(NotPersonalDeclared, owner_id=OWNER, needs_answer=True)))
    assert [len(mails(store, person)) for person in (lab, owner)] == [1, 0]


def test_holder_is_written_what_a_reviewer_asks_and_reviewers_the_answer(store: Store) -> None:
    """Each is a task, of whoever is to act next; roles are asked for when it is sent."""
    holder, reviewer = prefer(store, tasks="immediate"), prefer(store, "mem_lab", tasks="immediate")
    hear(store, happened(example(ProjectSubmitted)))
    about = {"kind": "full", "project_id": PROJECT}
    hear(store, happened(instance_of(ReleaseQuestionAsked, **about), sequence=2))
    assert [len(mails(store, person)) for person in (holder, reviewer)] == [1, 0]
    hear(store, happened(instance_of(ReleaseQuestionAnswered, **about), sequence=3))
    assert len(mails(store, reviewer)) == 1


def test_one_person_is_told_one_event_once(store: Store) -> None:
    """As the holder, though it may review, too."""
    both = prefer(store, tasks="immediate", projects="immediate")
    hear(store, happened(example(ProjectSubmitted)), happened(instance_of(ResultHeld, kind="full")))
    hear(store, happened(instance_of(ProjectAdvised, project_id=PROJECT), sequence=2))
    news = [news for mail in mails(store, both) for news in mail.news]
    assert sorted(member_news.kind for member_news in news) == ["projects", "projects", "tasks"]


def test_what_happened_long_ago_makes_no_mail(store: Store) -> None:
    """A parked event that is replayed after a month is no news."""
    at_once, daily = prefer(store, projects="immediate"), prefer(store, projects="daily")
    old = happened(example(ProjectSubmitted), ago=KEPT + timedelta(hours=1))
    hear(store, old)
    assert mails(store, at_once) + mails(store, daily) == []


def test_day_s_mail_is_not_doubled_when_an_event_comes_again_after_it(store: Store) -> None:
    """The mail that told of it is looked for, of whichever day it was."""
    person = prefer(store, projects="daily")
    event = happened(example(ProjectSubmitted), ago=timedelta(days=2))
    Recorder(store).record(event)
    (entry,) = store.of(TimelineEntry).find()
    due = next_hour(event.time, HOUR)
    news = News(entry_id=entry.id, kind="projects", page="/")
    sent = Mail(
        id=mail_id(person.id, day_in_paris(due), due),
        account_id=person.id,
        member_id=person.member_id,
        is_digest=True,
        news=(news,),
        state="sent",
        due_since=due,
    )
    store.of(Mail).save(sent)
    hear(store, event, event, happened(example(ProjectSubmitted), sequence=2))
    assert entries(store, person) == 2


def test_what_comes_after_a_day_s_mail_has_begun_goes_with_the_next(store: Store) -> None:
    """It might never be read otherwise."""
    person = prefer(store, projects="daily")
    first, second = (happened(example(ProjectSubmitted), sequence=n) for n in (1, 2))
    hear(store, first)
    (begun,) = mails(store, person)
    assert store.of(Mail).lease(begun, "next_attempt_at", timedelta(seconds=30))
    hear(store, second, first, second)
    entry_ids = [news.entry_id for mail in mails(store, person) for news in mail.news]
    assert (len(mails(store, person)), len(entry_ids), len(set(entry_ids))) == (2, 2, 2)
    days = sorted(mail.due_since for mail in mails(store, person))
    assert timedelta(hours=22) < days[1] - days[0] < timedelta(hours=26)


def test_day_s_mail_gathers_from_many_workers(store: Store) -> None:
    """None of them overwrites what another added."""
    person = prefer(store, projects="daily")
    events = [happened(example(ProjectSubmitted), sequence=number) for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda event: hear(store, event), events))
    (mail,) = mails(store, person)
    assert len(mail.news) == 12


def test_news_of_one_project_that_comes_together_is_one_mail(store: Store) -> None:
    """What follows from one decision; a task, and another project's news, is a mail of its own."""
    person = prefer(store, tasks="immediate", projects="immediate")
    moment = (now() - timedelta(minutes=2)).replace(second=7)
    own = {"project_id": PROJECT, "holder_id": HOLDER}
    instances = [
        instance_of(ProjectEquipped, **own),
        instance_of(ProjectTrialled, **own),
        instance_of(CompletionAsked, **own),
        instance_of(ProjectTrialled, project_id="prj_2", holder_id=HOLDER),
    ]
    events = [
        envelope(instance, time=moment + timedelta(seconds=place), sequence=place)
        for place, instance in enumerate(instances)
    ]
    hear(store, *events, *events)
    assert sorted(len(mail.news) for mail in mails(store, person)) == [1, 1, 2]
    (together,) = (mail for mail in mails(store, person) if len(mail.news) == 2)
    assert now() < together.due_since < now() + timedelta(minutes=1)


def test_news_that_comes_after_its_mail_has_begun_is_another_mail(store: Store) -> None:
    """It might never be read otherwise; each is told once."""
    person = prefer(store, projects="immediate")
    moment = (now() - timedelta(minutes=2)).replace(second=7)
    events = [
        envelope(example(ProjectSubmitted), time=moment, sequence=number) for number in range(3)
    ]
    hear(store, events[0])
    (begun,) = mails(store, person)
    assert store.of(Mail).lease(begun, "next_attempt_at", timedelta(seconds=30))
    hear(store, *events, *events)
    assert (len(mails(store, person)), entries(store, person)) == (3, 3)


def test_what_is_too_much_at_once_goes_with_the_day_s_mail(store: Store) -> None:
    """A catalogue that is harvested fills no mailbox; told again it changes nothing."""
    person = prefer(store, projects="immediate")
    count = MOST_AT_ONCE + 5
    events = [
        happened(instance_of(ProjectSubmitted, project_id=f"prj_{number}"), sequence=number)
        for number in range(count)
    ]
    hear(store, *events, *events)
    at_once = [mail for mail in mails(store, person) if not mail.is_digest]
    assert (len(at_once), entries(store, person)) == (MOST_AT_ONCE, count)
    assert len(mails(store, person)) == MOST_AT_ONCE + 1


def test_what_waits_for_a_person_comes_at_once_however_much_came_before(store: Store) -> None:
    """A request that expires is no news for the next day."""
    person = prefer(store, OWNER, tasks="immediate", data="immediate")
    news = [
        envelope(example(DatasetPublished), subject=f"dts_{number}", time=now())
        for number in range(MOST_AT_ONCE + 1)
    ]
    asked = happened(instance_of(AccessRequested, member_id=None), sequence=99)
    hear(store, *news, asked, asked)
    (task,) = (mail for mail in mails(store, person) if mail.news[0].kind == "tasks")
    assert not task.is_digest
    assert sum(mail.is_digest for mail in mails(store, person)) == 1


def test_more_persons_than_a_page_are_all_told(store: Store) -> None:
    """Preferences are read page by page."""
    persons = [prefer(store, projects="immediate") for _ in range(PAGE_LIMIT + 1)]
    hear(store, happened(example(ProjectSubmitted)))
    assert store.of(Mail).count({"is_pending": True}, most=999) == len(persons)
