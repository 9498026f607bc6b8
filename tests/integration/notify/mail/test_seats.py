"""Letters to who registered for a workshop: each event once, while it holds, no secret kept."""

import re
from email.message import EmailMessage
from typing import Any

import pytest

from services.notify.mail.addressing import Addressing
from services.notify.mail.model import Mail, MailPreference
from services.notify.mail.preferences import forget_member
from services.notify.recorder import Recorder
from services.notify.timeline import TimelineEntry
from shared.aggregate import now
from shared.events import (
    Event,
    MaterialAdded,
    SeatGivenUp,
    SeatLinkAsked,
    SeatTaken,
    SeatWaiting,
    WorkshopAnnounced,
    WorkshopCancelled,
    WorkshopChanged,
    WorkshopDue,
)
from shared.store import Store
from tests.integration.notify.mail.mail_server import drop
from tests.integration.notify.mail.posting import STRANGER, Outgoing, prefer
from tests.servers import eventually
from tests.unit.notify.samples import HOLDER, envelope, instance_of

PORTAL = "https://portail.datalab.example/ateliers/inscription?code="


def hear(post: Outgoing, *events: Event, times: int = 1) -> None:
    """Let the service hear what happened just now, so often."""
    recorder = Recorder(post.store, Addressing(post.store, 7))
    envelopes = [envelope(event, sequence=place, time=now()) for place, event in enumerate(events)]
    for _ in range(times):
        for news in envelopes:
            recorder.record(news)


def of(cls: type[Event], registration_id: str, **overrides: Any) -> Event:
    """What happened to a seat."""
    event: Event = instance_of(
        cls, registration_id=registration_id, title="Lire une carte", **overrides
    )
    return event


def mails(post: Outgoing, registration_id: str) -> list[Mail]:
    """The mails to who registered."""
    return post.mails.find({"account_id": registration_id})


def received(post: Outgoing, address: str, count: int = 1) -> list[EmailMessage]:
    """The messages to an address, once all mails are sent or dropped."""
    with post.mailing():
        eventually(lambda: post.mails.count({"is_pending": True}, most=1) == 0)
    messages = post.server.sent_to(address)
    assert len(messages) == count, messages
    return messages


def text(message: EmailMessage, kind: str = "plain") -> str:
    """The text of its part of that kind."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def calendars(message: EmailMessage) -> list[str]:
    """What is attached for a calendar."""
    attached = message.iter_attachments()
    return [
        str(message.get_content())
        for message in attached
        if message.get_content_type() == "text/calendar"
    ]


def test_stranger_is_confirmed_its_seat_with_a_calendar_and_a_link(post: Outgoing) -> None:
    """It chose nothing and has no account; what gives the seat up is more than one click."""
    registration_id, address = post.persons.seat()
    hear(post, of(SeatTaken, registration_id), times=3)
    (message,) = received(post, address)
    (link,) = post.persons.links
    assert message["Subject"].endswith("Vous avez une place à l'atelier « Lire une carte ».")
    assert message["List-Unsubscribe"] == f"<{PORTAL}{link}>"
    assert message["List-Unsubscribe-Post"] is None
    assert calendars(message) == [post.persons.get_invitation(registration_id)]
    for kind in ("plain", "html"):
        letter_text = text(message, kind)
        assert f"{PORTAL}{link}" in letter_text
        assert "le 12/01/2027, de 14\u00a0h\u00a000" in letter_text
        assert "Caen" in letter_text
        assert "etir" in letter_text


def test_who_is_taken_out_by_the_staff_is_told_so(post: Outgoing) -> None:
    """Who gave its seat up itself, and who holds one still, is told nothing of it."""
    removed, address = post.persons.seat("given_up")
    own, other = post.persons.seat("given_up")
    hear(post, of(SeatGivenUp, removed, by_staff=True), of(SeatGivenUp, own))
    (message,) = received(post, address)
    assert post.server.sent_to(other) == []
    assert "Le Datalab a retiré votre inscription" in message["Subject"]
    assert "Vous ne venez pas" not in text(message)
    assert "cette adresse était inscrite" in text(message)
    assert calendars(message) == []


def test_link_address_and_name_are_kept_nowhere_here(post: Outgoing, store: Store) -> None:
    """Each try makes a link of its own; after all of them no document has any."""
    registration_id, address = post.persons.seat()
    post.server.to[address] = ["450 later"]
    hear(post, of(SeatTaken, registration_id))
    received(post, address)
    assert len(post.persons.links) == 2
    kept = repr([*post.mails.every(), *store.of(TimelineEntry).every()])
    for secret in (*post.persons.links, address, STRANGER):
        assert secret not in kept


def test_crash_after_the_server_s_word_sends_a_copy_under_one_message_id(post: Outgoing) -> None:
    """Each copy has a link of its own, which opens the registration."""
    registration_id, address = post.persons.seat()
    post.server.data = [drop]
    hear(post, of(SeatTaken, registration_id))
    with post.mailing():
        eventually(lambda: post.mails.count({"is_pending": True}, most=1) == 0)
    copies = post.server.sent_to(address)
    assert len(copies) > 1
    assert len({message["Message-ID"] for message in copies}) == 1
    assert len({message["List-Unsubscribe"] for message in copies}) == len(copies)


def test_each_event_of_a_seat_is_a_letter_and_those_of_the_workshop_are_none(
    post: Outgoing,
) -> None:
    """Who waits is told of changes, too, but gets nothing for its calendar."""
    waiting, address = post.persons.seat("waiting")
    changed = {"title": "Lire une carte", "registration_id": None}
    moved = of(WorkshopChanged, waiting, changed=("starts_at", "place"))
    hear(post, of(SeatWaiting, waiting), moved)
    hear(post, instance_of(WorkshopChanged, **changed), instance_of(WorkshopDue, **changed))
    messages = received(post, address, 2)
    assert [calendars(message) for message in messages] == [[], []]
    assert {message["Subject"].partition("] ")[2] for message in messages} == {
        "Vous êtes sur la liste d'attente de l'atelier « Lire une carte ».",
        "L'atelier « Lire une carte » est modifié : début, lieu.",
    }
    assert len(list(post.mails.every())) == 2


def test_calendars_move_and_strike_out_what_changed(post: Outgoing) -> None:
    """A change and a cancellation bring the workshop again; a link that was lost comes alone."""
    moved, cancelled = post.persons.seat(), post.persons.seat(is_coming=False)
    lost = post.persons.seat()
    gone = of(WorkshopCancelled, cancelled[0], reason="Grève.")
    hear(post, of(WorkshopChanged, moved[0]), gone, of(SeatLinkAsked, lost[0]))
    (change,), (end,) = received(post, moved[1]), received(post, cancelled[1])
    assert [len(calendars(message)) for message in (change, end)] == [1, 1]
    assert "Grève." in text(end)
    assert "Vous ne venez pas" not in text(end)
    (link,) = received(post, lost[1])
    assert "Voici de nouveau le lien" in link["Subject"]
    assert any(f"{PORTAL}{secret}" in text(link) for secret in post.persons.links)


def test_material_is_told_with_its_address(post: Outgoing) -> None:
    """After the workshop, to who had a seat."""
    registration_id, address = post.persons.seat(is_coming=False)
    url = "https://lab.example/support?a=1&b=2"
    hear(post, of(MaterialAdded, registration_id, material="Diapositives", url=url))
    (message,) = received(post, address)
    assert "« Diapositives »" in message["Subject"]
    assert url in text(message)
    assert 'href="https://lab.example/support?a=1&amp;b=2"' in text(message, "html")
    for kind in ("plain", "html"):
        assert "Vous ne voulez plus de ces courriels ?" in text(message, kind)
        assert "efface" in text(message, kind).partition("de ces courriels ?")[2]


def test_letter_that_comes_too_late_is_not_sent(post: Outgoing) -> None:
    """Who has a seat is not told to wait, and nobody is reminded of what does not take place."""
    seated, first = post.persons.seat()
    off, second = post.persons.seat(is_coming=False)
    hear(post, of(SeatWaiting, seated), of(SeatTaken, off), of(WorkshopDue, off))
    for address in (first, second):
        assert received(post, address, 0) == []
    assert post.persons.links == []
    assert list(post.mails.every()) == []


def test_registration_that_is_erased_is_forgotten(post: Outgoing) -> None:
    """With all that was to be written; the seat that was given up is one of them."""
    registration_id, address = post.persons.seat()
    hear(post, of(SeatTaken, registration_id), of(WorkshopDue, registration_id))
    del post.persons.accounts[registration_id]
    hear(post, of(SeatGivenUp, registration_id))
    received(post, address, 0)
    assert mails(post, registration_id) == []
    hear(post, of(SeatTaken, registration_id))
    received(post, address, 0)
    assert mails(post, registration_id) == []


def test_member_that_leaves_takes_its_letters_along(post: Outgoing, store: Store) -> None:
    """Those to its persons' seats, with or without an account; not those to others' seats."""
    own, other = post.persons.seat()[0], post.persons.seat()[0]
    hear(post, of(SeatTaken, own, member_id=HOLDER), of(SeatTaken, other))
    assert forget_member(store, HOLDER) == 1
    assert (len(mails(post, own)), len(mails(post, other))) == (0, 1)


@pytest.mark.parametrize("cadence", ["immediate", "daily"])
def test_who_also_chose_mails_on_workshops_gets_one(
    post: Outgoing, store: Store, cadence: Any
) -> None:
    """The letter to its seat; colleagues who chose the same are not told who takes which seat."""
    persons = [prefer(store, HOLDER, workshops=cadence) for _ in range(2)]
    registration_id, _ = post.persons.seat()
    hear(
        post,
        of(SeatTaken, registration_id, member_id=HOLDER),
        of(WorkshopChanged, registration_id, member_id=HOLDER),
        of(WorkshopDue, registration_id, member_id=HOLDER),
    )
    assert len(mails(post, registration_id)) == 3
    assert [post.mails.find({"account_id": preference.id}) for preference in persons] == [[], []]
    (entry,) = store.of(TimelineEntry).find({"told": {"$in": [HOLDER]}}, limit=1)
    assert entry.news[0].kind == "workshops"


def test_workshop_that_is_announced_is_told_to_all_who_chose_so(
    post: Outgoing, store: Store
) -> None:
    """Of any member, host or not, each once, at its page; who chose other kinds is told nothing."""
    event = instance_of(WorkshopAnnounced, workshop_id="wsh_1", member_ids=(HOLDER,))
    host, stranger = (
        prefer(store, member_id, workshops="immediate") for member_id in (HOLDER, "mem_x")
    )
    daily = prefer(store, "mem_y", workshops="daily")
    silent = prefer(store, HOLDER, tasks="immediate", projects="immediate", data="immediate")
    hear(post, event, times=2)
    mails = [
        post.mails.find({"account_id": preference.id})
        for preference in (host, stranger, daily, silent)
    ]
    assert [len(person_mails) for person_mails in mails] == [1, 1, 1, 0]
    assert {mail.news[0].page for (mail,) in mails[:3]} == {"/ateliers/wsh_1"}
    store.of(MailPreference).change(
        host.id, lambda preference: setattr(preference, "workshops", "never")
    )
    hear(post, instance_of(WorkshopAnnounced, workshop_id="wsh_2", title="Autre"))
    assert len(post.mails.find({"account_id": host.id})) == 1


def test_words_of_others_add_no_header_and_no_markup(post: Outgoing) -> None:
    """Titles are the staff's, places too; the name that a stranger typed is not said at all."""
    hostile = 'Eau\r\nBcc: all@x.example\u202e<b onclick="x">'
    registration_id, address = post.persons.seat(title=hostile, place=hostile)
    event = instance_of(SeatTaken, registration_id=registration_id, title=hostile)
    hear(post, event)
    (message,) = received(post, address)
    assert message["Bcc"] is None
    assert all(letter.isprintable() for letter in str(message["Subject"]))
    assert "<b " not in text(message, "html")
    assert not re.search("^Bcc", text(message), re.MULTILINE)
    assert "evil.example" not in message.as_string()
