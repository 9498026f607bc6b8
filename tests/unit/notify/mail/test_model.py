"""Rules of mails and of what persons want: what is gathered, tried again, given up and ended."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notify.mail.addressing import next_hour
from services.notify.mail.model import (
    KINDS,
    MOST_TOLD,
    Mail,
    MailPreference,
    News,
    Scope,
    SmtpAttempt,
    TooLate,
    mail_id,
    parts_of_link,
)
from shared.aggregate import NEVER, now
from shared.errors import NotFound

WAITS = (60.0, 300.0)
DUE = datetime(2026, 1, 2, 6, 0, 0, 1000, tzinfo=UTC)


def news(entry_id: str) -> News:
    """News of a project."""
    return News(entry_id=entry_id, kind="projects", page="/projets/prj_1")


def mail(**overrides: object) -> Mail:
    """A mail that is due."""
    fields: dict[str, object] = {
        "id": "mai_1",
        "account_id": "acc_1",
        "member_id": "mem_1",
        "news": (news("a"),),
        "due_since": DUE,
    }
    return Mail.model_validate({**fields, **overrides})


def attempt(code: int, *, is_final: bool = False) -> SmtpAttempt:
    """An attempt with that answer."""
    return SmtpAttempt(at=now(), code=code, succeeded=code == 250, is_final=is_final)


def preference() -> MailPreference:
    """Somebody who wants everything, two kinds of it once a day."""
    return MailPreference(
        id="acc_1",
        member_id="mem_1",
        tasks="immediate",
        projects="daily",
        data="daily",
        workshops="immediate",
    )


def follow(person: MailPreference, text: str) -> None:
    """End what a link's text says."""
    _, scope, proof = parts_of_link(text)
    person.stop(scope, proof)


def test_person_who_said_nothing_wants_nothing() -> None:
    """Mail is for those who ask for it."""
    silent = MailPreference(id="acc_1", member_id="mem_1")
    assert {silent.cadence(kind) for kind in KINDS} == {"never"}
    assert not silent.wants_tasks


def test_what_fails_is_tried_again_later_and_given_up_at_last() -> None:
    """After the waits that the settings name."""
    waiting = mail()
    for wait in WAITS:
        waiting.note(attempt(451), WAITS, 1)
        left = (waiting.next_attempt_at - now()).total_seconds()
        assert left == pytest.approx(wait, abs=5)
        assert waiting.is_pending
    waiting.note(attempt(451), WAITS, 1)
    assert (waiting.state, waiting.next_attempt_at) == ("abandoned", NEVER)


def test_what_the_server_will_never_take_is_given_up_at_once() -> None:
    """A mailbox that does not exist comes into being for no retry."""
    refused = mail()
    refused.note(attempt(550, is_final=True), WAITS, 1)
    assert refused.state == "abandoned"


def test_mail_that_was_sent_stays_sent() -> None:
    """A slower worker's failure comes after another's success."""
    sent = mail()
    sent.note(attempt(250), WAITS, 1)
    sent.note(attempt(0), WAITS, 1)
    assert (sent.state, len(sent.attempts)) == ("sent", 1)


def test_mail_of_a_day_tells_each_thing_once_and_has_an_end() -> None:
    """Also what comes again while it waits."""
    digest = mail()
    for entry in ("b", "a", "b"):
        digest.gather(news(entry))
    assert [news.entry_id for news in digest.news] == ["a", "b"]
    digest = mail()
    for number in range(MOST_TOLD + 5):
        digest.gather(news(f"n{number}"))
    assert (len(digest.news), digest.has_more) == (MOST_TOLD, True)


@pytest.mark.parametrize("begun", ["leased", "failed", "sent"])
def test_mail_that_is_begun_takes_nothing_more(begun: str) -> None:
    """What came later would never be read; what it tells already is no reason to fail."""
    digest = mail()
    if begun == "leased":
        digest.next_attempt_at = now() + timedelta(seconds=30)
    else:
        digest.note(attempt(250 if begun == "sent" else 451), WAITS, 1)
    digest.gather(news("a"))
    with pytest.raises(TooLate):
        digest.gather(news("b"))


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("tasks", ["never", "daily", "daily", "immediate"]),
        ("projects", ["immediate", "never", "daily", "immediate"]),
        ("daily", ["immediate", "never", "never", "immediate"]),
    ],
)
def test_link_ends_what_it_is_for_and_nothing_else(scope: Scope, left: list[str]) -> None:
    """A kind, or whatever comes once a day; pressed twice it does no more."""
    person = preference()
    account_id, of, proof = parts_of_link(person.link(scope))
    assert (account_id, of) == ("acc_1", scope)
    for _ in range(2):
        person.stop(of, proof)
        assert [person.cadence(kind) for kind in KINDS] == left


def test_link_is_of_one_person_and_one_kind() -> None:
    """No proof serves for another scope, another person, or when it is cut or invented."""
    person, other = preference(), preference()
    _, _, proof = parts_of_link(person.link("tasks"))
    for owner, text in (
        (person, f"acc_1.data.{proof}"),
        (other, f"acc_1.tasks.{proof}"),
        (person, "acc_1.tasks."),
        (person, f"acc_1.tasks.{proof[:-1]}"),
        (person, f"acc_1.tasks.{'é' * 64}"),
    ):
        with pytest.raises(NotFound):
            follow(owner, text)
    assert person.cadence("tasks") == other.cadence("tasks") == "immediate"


@pytest.mark.parametrize("text", ["", "acc_1", "acc_1.tasks", "acc_1.secret.x", "..", "acc_1.id.x"])
def test_text_that_is_no_link_ends_nothing(text: str) -> None:
    """Scopes are those there are: no other field of a document can be named."""
    with pytest.raises(NotFound):
        follow(preference(), text)


def test_secret_is_not_shown() -> None:
    """A log that shows the document shows no proof."""
    person = preference()
    assert person.secret not in repr(person)


def test_mail_of_an_event_has_one_id() -> None:
    """For each account, and the same whenever the event comes."""
    assert mail_id("acc_1", "e1", DUE) == mail_id("acc_1", "e1", DUE)
    assert len({mail_id(a, e, DUE) for a in ("acc_1", "acc_2") for e in ("e1", "e2")}) == 4


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-01-02T05:59:59+00:00", "2026-01-02T06:00:00+00:00"),
        ("2026-01-02T06:00:00+00:00", "2026-01-03T06:00:00+00:00"),
        ("2026-03-28T12:00:00+00:00", "2026-03-29T05:00:00+00:00"),
        ("2026-10-24T12:00:00+00:00", "2026-10-25T06:00:00+00:00"),
        ("2026-07-01T23:30:00+00:00", "2026-07-02T05:00:00+00:00"),
    ],
)
def test_day_s_mail_goes_at_its_hour_in_france(after: str, due: str) -> None:
    """In winter, in summer, and over the nights when clocks change."""
    assert next_hour(datetime.fromisoformat(after), 7) == datetime.fromisoformat(due)
