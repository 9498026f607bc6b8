"""Mails on their way: sent once, tried again, given up, or dropped when nobody shall have them."""

import threading
from datetime import timedelta
from email.message import EmailMessage

import pytest

from services.notify.mail.addressing import Addressing
from services.notify.mail.mailer import Mailer
from services.notify.mail.model import KEPT, Mail, MailPreference, SmtpAttempt
from services.notify.mail.preferences import refused_at
from services.notify.mail.smtp import Smtp, SmtpServer
from services.notify.recorder import Recorder
from shared.aggregate import now
from shared.events import ProjectApproved, ProjectSecured, ProjectSubmitted, ResultHeld
from shared.outbound import Names
from shared.store import Store
from tests.integration.notify.mail.mail_server import drop, keep_silent, mailing, says
from tests.integration.notify.mail.posting import Outgoing, prefer
from tests.servers import PATIENCE_SECONDS, eventually, free_port
from tests.unit.notify.samples import PROJECT, envelope, example, instance_of


def codes(mail: Mail) -> list[int]:
    """What the server answered each time, 0 for nothing."""
    return [attempt.code for attempt in mail.attempts]


def test_due_mail_reaches_its_person(post: Outgoing) -> None:
    """Under its Message-ID; no document holds the address afterwards."""
    mail, address = post.due()
    (sent,) = post.mail_until("sent", mail)
    (message,) = post.server.sent_to(address)
    assert message["Message-ID"] == f"<{mail.id}@datalab.example>"
    assert "« Communes »" in message["Subject"]
    assert codes(sent) == [250]
    assert address not in repr(list(post.mails.every()))


def test_mail_says_of_which_project_it_is(post: Outgoing) -> None:
    """A person may have several; the title comes from the timeline."""
    person = prefer(post.store, projects="immediate")
    address = post.persons.add(person.id)
    about = {"project_id": PROJECT, "holder_id": person.member_id}
    submitted = instance_of(ProjectSubmitted, **about, title="Qui a froid ?")
    secured = instance_of(ProjectSecured, **about, reason="Licite.")
    for place, event in enumerate((submitted, secured)):
        news = envelope(event, sequence=place, time=now())
        Recorder(post.store, Addressing(post.store, 7)).record(news)
    with post.mailing():
        eventually(lambda: post.mails.count({"is_pending": True}, most=1) == 0)
    bodies = [message.get_body(("plain",)) for message in post.server.sent_to(address)]
    text = "\n".join(str(body.get_content()) for body in bodies if body)
    assert "\nLe projet « Qui a froid ? » est déposé." in text
    assert "\nProjet « Qui a froid ? ». Le projet est sécurisé : Licite." in text


def test_server_that_asks_for_patience_is_tried_again(post: Outgoing) -> None:
    """A 4xx answer passes; the copy that is taken has the same Message-ID."""
    mail, address = post.due()
    post.server.to[address] = [f"450 greylisted <{address}>"]
    post.server.data = [says("452 no space")]
    (sent,) = post.mail_until("sent", mail)
    assert codes(sent) == [450, 452, 250]
    assert len({message["Message-ID"] for message in post.server.sent_to(address)}) == 1
    assert address not in repr(sent)


@pytest.mark.parametrize("refused", ["recipient", "data"])
def test_mail_that_is_refused_for_good_is_given_up_at_once(post: Outgoing, refused: str) -> None:
    """A 5xx answer to the recipient or to the message."""
    mail, address = post.due()
    if refused == "recipient":
        post.server.to[address] = [f"550 <{address}> unknown"]
    else:
        post.server.data = [says("554 looks like spam")]
    (abandoned,) = post.mail_until("abandoned", mail)
    assert codes(abandoned) in ([550], [554])
    assert address not in repr(abandoned)
    assert refused_at(post.store, mail.account_id) == abandoned.attempts[-1].at
    taken = SmtpAttempt(at=now(), code=250, succeeded=True)
    sent = {"state": "sent", "attempts": (taken,), "due_since": now()}
    post.mails.save(abandoned.model_copy(update={**sent, "id": "mai_later", "version": 0}))
    assert refused_at(post.store, mail.account_id) is None


def test_lab_that_is_refused_loses_no_mail(post: Outgoing) -> None:
    """A 5xx answer to the lab itself is about a setting, which somebody mends."""
    mail, _ = post.due()
    post.server.sender = ["550 not from here", "550 not from here"]
    (sent,) = post.mail_until("sent", mail)
    assert codes(sent) == [550, 550, 250]


def test_silent_server_holds_up_nothing_else(post: Outgoing) -> None:
    """Its time ends, others are sent meanwhile, and the mail is sent again."""
    mail, _ = post.due()
    post.server.data = [keep_silent]
    post.settings = post.settings.model_copy(update={"mail_timeout_seconds": 2})
    with post.mailing():
        eventually(lambda: post.server.received)
        other, address = post.due()
        eventually(lambda: post.server.sent_to(address))
        eventually(lambda: {post.mails.get(mail.id).state for mail in (mail, other)} == {"sent"})
    first = post.mails.get(mail.id)
    assert codes(first) == [0, 250]
    assert first.attempts[0].said == "no answer in 2 s"


def test_connection_that_breaks_off_before_the_answer_sends_a_copy(post: Outgoing) -> None:
    """Rather than none: under the same Message-ID."""
    mail, address = post.due()
    post.server.data = [drop]
    (sent,) = post.mail_until("sent", mail)
    assert codes(sent) == [0, 250]
    assert len({message["Message-ID"] for message in post.server.sent_to(address)}) == 1
    assert len(post.server.sent_to(address)) == 2


def test_server_that_is_away_costs_an_attempt_and_no_mail(post: Outgoing) -> None:
    """It is sent once the server is there."""
    mail, address = post.due()
    port = free_port()
    server = SmtpServer.of(f"smtp://127.0.0.1:{port}")
    with post.mailing(give=Smtp(server, Names(), PATIENCE_SECONDS).give):
        eventually(lambda: post.mails.get(mail.id).attempts)
        with mailing(port) as late:
            eventually(lambda: late.sent_to(address))


def test_many_mailers_send_each_mail_once(post: Outgoing) -> None:
    """Who leases it sends it."""
    mails = [post.due() for _ in range(12)]
    with post.mailing(workers=3):
        eventually(lambda: all(post.mails.get(mail.id).state == "sent" for mail, _ in mails))
    assert [len(post.server.sent_to(address)) for _, address in mails] == [1] * 12


def test_person_without_an_account_is_forgotten(post: Outgoing, store: Store) -> None:
    """With everything that was to be written, and nothing is sent."""
    mail, address = post.due()
    post.persons.accounts.clear()
    post.mail_until_gone(mail)
    assert store.of(MailPreference).find_one(mail.account_id) is None
    assert post.server.sent_to(address) == []


def test_erased_person_is_forgotten_though_nobody_writes_to_it(
    post: Outgoing, store: Store
) -> None:
    """Its choices go with its account; those of others stay."""
    gone, kept = prefer(store, tasks="immediate"), prefer(store, tasks="immediate")
    post.persons.add(kept.id)
    with post.mailing():
        eventually(lambda: store.of(MailPreference).find_one(gone.id) is None)
    assert store.of(MailPreference).find_one(kept.id)


def test_mail_waits_for_intake_without_losing_an_attempt(post: Outgoing) -> None:
    """Who it is for is not known: it is tried again when the lease is over."""
    mail, address = post.due()
    post.persons.is_away = True
    with post.mailing():
        eventually(lambda: post.persons.asked)
    waiting = post.mails.get(mail.id)
    assert (waiting.state, waiting.attempts) == ("pending", ())
    post.persons.is_away = False
    post.mails.change(mail.id, lambda mail: setattr(mail, "next_attempt_at", now()))
    post.mail_until("sent", mail)
    assert len(post.server.sent_to(address)) == 1


def test_who_may_not_decide_is_not_asked_to(post: Outgoing) -> None:
    """Roles are asked for when a mail is sent; whose own case it is, or who agreed, intake says.

    Another person may be of the same member, and a held result is a case of its own.
    """
    lost = post.due("holder", "operator", needs="reviewer")
    own = post.due("reviewer", needs="reviewer")
    post.persons.accounts[own[0].account_id]["member_id"] = "mem_partner"
    post.persons.partial.add("mem_partner")
    again = post.due("reviewer", needs="reviewer", event=example(ProjectApproved))
    other = post.due("holder", "reviewer", needs="reviewer", event=example(ProjectApproved))
    held = post.due("reviewer", needs="reviewer", event=instance_of(ResultHeld, kind="full"))
    post.persons.approved.update((again[0].account_id, held[0].account_id))
    with post.mailing():
        eventually(lambda: {post.mails.get(mail.id).state for mail, _ in (other, held)} == {"sent"})
        dropped = [mail.id for mail, _ in (lost, own, again)]
        eventually(lambda: not any(map(post.mails.find_one, dropped)))
    sent = [len(post.server.sent_to(address)) for _, address in (lost, own, again, other, held)]
    assert sent == [0, 0, 0, 1, 1]


def test_who_wants_a_kind_no_more_is_not_written_what_waited(post: Outgoing, store: Store) -> None:
    """A click ends what is on its way, too."""
    mail, address = post.due()
    store.of(MailPreference).change(
        mail.account_id, lambda preference: setattr(preference, "projects", "never")
    )
    post.mail_until_gone(mail)
    assert post.server.sent_to(address) == []


def test_fault_of_ours_is_an_attempt_like_others(post: Outgoing) -> None:
    """It ends: nothing is tried for ever."""
    mail, _ = post.due()

    def give(_message: EmailMessage, _sender: str, _to: str) -> SmtpAttempt:
        raise LookupError

    with post.mailing(give=give):
        eventually(lambda: post.mails.get(mail.id).state == "abandoned")
    assert {attempt.said for attempt in post.mails.get(mail.id).attempts} == {"LookupError"}


def test_mails_are_kept_for_a_month(post: Outgoing) -> None:
    """Who was written to when is nobody's business for ever."""
    old, _ = post.due(seconds_ago=(KEPT + timedelta(hours=1)).total_seconds())
    sent, _ = post.due()
    post.mails.change(old.id, lambda mail: mail.note(_taken(), (), 1))
    post.mail_until_gone(old)
    assert post.mails.find_one(sent.id)


def test_lab_without_a_mail_server_keeps_no_mail(post: Outgoing) -> None:
    """What waits from when it had one is old news by the time it has one again."""
    mail, _ = post.due()
    mailer = Mailer(post.store, post.settings, post.persons.intake, None)
    thread = threading.Thread(target=mailer.run)
    thread.start()
    eventually(lambda: post.mails.find_one(mail.id) is None)
    mailer.stop()
    thread.join()


def _taken() -> SmtpAttempt:
    return SmtpAttempt(at=now(), code=250, succeeded=True)
