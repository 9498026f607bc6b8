"""What people read names members and projects, also when their events came late or are erased."""

from services.notify.endings import note
from services.notify.mail.preferences import page_news
from services.notify.naming import with_names
from services.notify.recorder import Recorder
from services.notify.timeline import TimelineEntry
from shared.events import (
    ErasureRequested,
    Event,
    InvitationAccepted,
    InvitationExpired,
    InvitationReminded,
    MemberInvited,
    MemberJoined,
    ProjectSecured,
    ProjectStaffed,
    ProjectSubmitted,
)
from shared.inbound import Paging
from shared.store import Store
from tests.unit.notify.samples import HOLDER, PROJECT, envelope, instance_of

OTHER = "mem_other"
TEAM = instance_of(
    ProjectStaffed, project_id=PROJECT, holder_id=HOLDER, team=(OTHER, "mem_unknown")
)
ACCEPTED = instance_of(
    InvitationAccepted, project_id=PROJECT, holder_id=HOLDER, member_id=OTHER, part="team"
)
SECURED = instance_of(ProjectSecured, project_id=PROJECT, holder_id=HOLDER, reason="Licite.")
JOINED = instance_of(MemberJoined, member_id=OTHER, name="Caf du Calvados")
SUBMITTED = instance_of(
    ProjectSubmitted, project_id=PROJECT, holder_id=HOLDER, title="Qui a froid ?"
)


def hear(store: Store, *events: Event) -> None:
    """Let the service hear what happened, in this order."""
    for place, event in enumerate(events):
        about = PROJECT if getattr(event, "project_id", None) else OTHER
        news = envelope(event, subject=about, sequence=place)
        Recorder(store).record(news)
        note(store, news)


def timeline(store: Store) -> list[str]:
    """The sentences of the project's page."""
    entries = store.of(TimelineEntry).find({"correlation": PROJECT})
    return [entry.summary for entry in with_names(store, entries)]


def news(store: Store, member_id: str = HOLDER) -> list[str]:
    """What the member reads of all its projects."""
    return [entry.summary for entry in page_news(store, member_id, Paging())[0]]


def test_timeline_names_members_whose_event_came_later(store: Store) -> None:
    """One of whom nothing is known has a plain word."""
    hear(store, ACCEPTED, TEAM, SUBMITTED, JOINED)
    timeline_texts = timeline(store)
    assert "Équipe projet : Caf du Calvados accepte." in timeline_texts
    assert (
        "L'équipe du projet est formée : Caf du Calvados, un membre au nom inconnu."
        in timeline_texts
    )


def test_news_name_their_project_once(store: Store) -> None:
    """One that tells the title does not say it twice."""
    hear(store, SUBMITTED, JOINED, SECURED, ACCEPTED)
    assert set(news(store)) == {
        "Le projet « Qui a froid ? » est déposé.",
        "Projet « Qui a froid ? ». Le projet est sécurisé : Licite.",
        "Projet « Qui a froid ? ». Équipe projet : Caf du Calvados accepte.",
    }


def test_who_is_invited_reads_what_is_asked_by_whom_and_until_when(store: Store) -> None:
    """Addressed to the reader; the holder reads of the same as somebody else's business."""
    about = {"project_id": PROJECT, "holder_id": HOLDER, "member_id": OTHER}
    asked = {"title": "Qui a froid ?", "answer_by": "2027-01-31", "part": "team"}
    holder = instance_of(MemberJoined, member_id=HOLDER, name="Ville de Caen")
    invited, reminded = (
        instance_of(event, **about, **asked) for event in (MemberInvited, InvitationReminded)
    )
    expired = instance_of(InvitationExpired, **about, part="pilot_site")
    for subject, event in ((HOLDER, holder), (PROJECT, invited)):
        Recorder(store).record(envelope(event, subject=subject))
    hear(store, SUBMITTED, JOINED, reminded, expired)
    asks = (
        "Datalab vous demande d'entrer dans l'équipe du projet « Qui a froid ? », porté par Ville"
        " de Caen. Avant le 31/01/2027, acceptez ou déclinez sur la page du projet."
    )
    too_late = (
        "Vous n'avez pas répondu à temps : le Datalab ne vous demande plus d'être site pilote"
    )
    assert set(news(store, OTHER)) == {
        f"Le {asks}",
        f"Rappel : le {asks}",
        f"Projet « Qui a froid ? ». {too_late} du projet.",
    }
    assert "Site pilote : Caf du Calvados n'a pas répondu à temps" in " ".join(news(store))


def test_who_is_erased_is_named_no_more(store: Store) -> None:
    """Neither a member, nor what its project was called."""
    hear(store, SUBMITTED, JOINED, ACCEPTED)
    for member_id in (OTHER, HOLDER):
        hear(store, instance_of(ErasureRequested, member_id=member_id))
    assert "Équipe projet : un ancien membre accepte." in timeline(store)
    assert not any("froid" in line or "Caf" in line for line in (*timeline(store), *news(store)))
