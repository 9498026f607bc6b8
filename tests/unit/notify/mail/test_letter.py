"""What a mail says, and what words of others cannot do to it."""

import html
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from services.notify.mail.letter import Letters
from services.notify.mail.model import Mail, MailPreference, News, Recipient
from services.notify.summaries import summarise
from services.notify.timeline import TimelineEntry
from shared.aggregate import now
from shared.events import AccessGranted, AccessRefused, AccessReminded, Event, ProjectSubmitted
from shared.settings import load_settings
from tests.unit.notify.samples import envelope, example, instance_of
from tests.unit.shared.test_settings import NEEDED

SETTINGS = load_settings(
    {
        **NEEDED,
        "DATALAB_SMTP_URL": "smtp://localhost",
        "DATALAB_MAIL_FROM": "ne-pas-repondre@datalab.example",
        "DATALAB_PORTAL_URL": "https://portail.datalab.example",
        "DATALAB_LAB_NAME": "Datalab",
    }
)
PERSON = MailPreference(id="acc_1", member_id="mem_holder", tasks="immediate", projects="daily")
READER = Recipient(name="Porteuse", mail="porteuse@ville.example", member_id="m", roles=("holder",))
HOSTILE = 'Eau\r\nBcc: all@x.example\u2028\u202e\x00<b onclick="x">&amp;</b>'


def raw(
    *events: Event,
    is_digest: bool = False,
    has_more: bool = False,
    to: Recipient = READER,
    summary: str = "",
) -> bytes:
    """The message about these events, as the server gets it; `summary` for their sentence."""
    entries = [
        TimelineEntry.of(envelope(event), summary or summarise(event), "") for event in events
    ]
    news = tuple(
        News(entry_id=entry.id, kind="projects", page="/projets/prj_1") for entry in entries
    )
    mail = Mail(
        id="mai_1",
        account_id="acc_1",
        member_id="mem_holder",
        is_digest=is_digest,
        has_more=has_more,
        news=news,
        due_since=now(),
    )
    message = Letters(SETTINGS).write(mail, to, PERSON, list(zip(news, entries, strict=True)))
    return message.as_bytes()


def written(*events: Event, **overrides: Any) -> EmailMessage:
    """The same, as a mail program reads it."""
    message = message_from_bytes(raw(*events, **overrides), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """The text of its part of that kind."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_mail_says_what_happened_and_where_to_go_on() -> None:
    """As text and as HTML, in French, with a link to the page."""
    message = written(example(ProjectSubmitted))
    expected_text = "Le projet « Communes » est déposé."
    assert message["Subject"] == f"[Datalab] {expected_text}"
    assert message["To"] == "porteuse@ville.example"
    assert message["From"] == "Datalab <ne-pas-repondre@datalab.example>"
    for kind in ("plain", "html"):
        text = part(message, kind)
        assert expected_text in text
        assert "Bonjour Porteuse," in text
        assert "https://portail.datalab.example/projets/prj_1" in text
        assert "https://portail.datalab.example/compte" in text


def test_mail_is_ended_in_one_click() -> None:
    """RFC 8058: one address, whole and on one line, and the word that it takes a POST."""
    message = written(example(ProjectSubmitted))
    (url,) = re.findall(r"^<(\S+)>$", message["List-Unsubscribe"])
    assert url == f"https://portail.datalab.example/desabonnement/{PERSON.link('projects')}"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert url in part(message, "plain")
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw(example(ProjectSubmitted))


def test_mail_written_twice_has_one_message_id() -> None:
    """By which a mailbox tells a copy that a crash sent."""
    ids = {written(example(ProjectSubmitted))["Message-ID"] for _ in range(2)}
    assert ids == {"<mai_1@datalab.example>"}


def test_words_of_others_add_no_header_and_no_markup() -> None:
    """A title with line breaks, marks that turn a line around, and HTML is text on one line."""
    event = example(ProjectSubmitted).model_copy(update={"title": HOSTILE})
    reader = READER.model_copy(update={"name": HOSTILE})
    message = written(event, to=reader)
    assert message["Bcc"] is None
    subject = str(message["Subject"])
    assert "Eau Bcc: all@x.example" in subject
    assert all(letter.isprintable() for letter in subject)
    assert "<b " not in part(message, "html")
    assert "&lt;b onclick=&#34;x&#34;&gt;&amp;amp;&lt;/b&gt;" in part(message, "html")
    assert not any(line.startswith("Bcc") for line in part(message, "plain").splitlines())


@pytest.mark.parametrize("title", ["é" * 5000, "a" * 5000])
def test_long_title_makes_a_short_subject(title: str) -> None:
    """The whole of it is in the text; no line of the message is longer than SMTP allows."""
    event = example(ProjectSubmitted).model_copy(update={"title": title})
    message = written(event)
    assert len(str(message["Subject"])) <= 120
    assert title in part(message, "plain").replace("\n", "")
    assert max(map(len, raw(event).splitlines())) < 998


TITLE = (
    "Logements vacants des intercommunalités de Normandie, selon le recensement de la population"
)


@pytest.mark.parametrize("project", ["Eau", TITLE])
def test_subject_shortens_titles_and_keeps_what_happened(project: str) -> None:
    """Asked, granted and refused are told apart in a mailbox, whatever the data is called."""
    events = (
        instance_of(AccessReminded, title=TITLE),
        instance_of(AccessGranted, title=TITLE, purpose="Mesurer la vacance. " * 20),
        instance_of(AccessRefused, title=TITLE, reason="Trop peu de logements par commune. " * 20),
    )
    verbs = ("» attend une réponse", "» est accordé", "» est refusé")
    for event, verb in zip(events, verbs, strict=True):
        sentences = f"Projet « {project} ». {summarise(event)}"
        subject = str(written(event, summary=sentences)["Subject"])
        assert len(subject) <= 120
        assert verb in subject
        assert "« Logements vacants" in subject


@pytest.mark.parametrize("mark", ["e", "é", "😀", "\u05d0\u05d1"])
def test_subject_keeps_its_spaces_whatever_the_letters(mark: str) -> None:
    """Between two encoded words of a header no space is read: it has to be in one of them."""
    for length in range(1, 60):
        title = f"{mark}{'x' * length} l'eau {mark} y"
        event = example(ProjectSubmitted).model_copy(update={"title": title})
        assert written(event)["Subject"] == f"[Datalab] Le projet « {title} » est déposé."


@pytest.mark.parametrize("length", range(90, 110))
def test_subject_ends_with_a_whole_word(length: int) -> None:
    """Wherever the limit falls."""
    words = "Le Datalab vous demande une réponse " * 6
    subject = str(
        written(example(ProjectSubmitted), summary="x" * (length - 90) + words)["Subject"]
    )
    assert subject.removesuffix("…").split()[-1] in words.split()
    assert len(subject) <= 120


def test_mail_of_what_came_together_says_so_in_its_subject() -> None:
    """The first of it, and how much more there is, however long the title."""
    events = (example(ProjectSubmitted), instance_of(AccessReminded, title="Eau"))
    message = written(*events)
    assert message["Subject"] == "[Datalab] Le projet « Communes » est déposé. (et 1 autre)"
    assert "« Eau » attend une réponse" in part(message, "plain")
    assert PERSON.link("projects") in message["List-Unsubscribe"]
    long = written(*events, summary=f"Projet « {TITLE} ». {'Le projet est sécurisé. ' * 9}")[
        "Subject"
    ]
    assert len(long) <= 120
    assert long.endswith("… (et 1 autre)")


def test_mail_of_a_day_counts_what_it_tells() -> None:
    """Under the headings of its kinds; its link ends what comes once a day."""
    events = (example(ProjectSubmitted), instance_of(AccessReminded, title="Eau"))
    message = written(*events, is_digest=True)
    assert re.fullmatch(r"\[Datalab\] 2 nouvelles au \d\d/\d\d/\d{4}", message["Subject"])
    assert "<h2>Vos projets</h2>" in part(message, "html")
    assert PERSON.link("daily") in message["List-Unsubscribe"]
    assert "Il y en a d'autres" not in part(message, "plain")


def test_mail_of_a_day_says_that_there_is_more() -> None:
    """Rather than to seem complete."""
    message = written(example(ProjectSubmitted), is_digest=True, has_more=True)
    assert message["Subject"].startswith("[Datalab] plus de 1 nouvelle au ")
    for kind in ("plain", "html"):
        assert "Il y en a d'autres" in html.unescape(part(message, kind))
