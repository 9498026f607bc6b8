"""Small services that the messaging tests run as real processes."""

import logging
from collections.abc import Callable
from threading import Event
from typing import ClassVar

from shared import errors
from shared.aggregate import Aggregate
from shared.errors import Invalid, Rejected, Unavailable
from shared.events import Envelope, MemberJoined, ProjectWithdrawn
from shared.http import Call, http
from shared.messaging import Documents, RpcClient, on, rpc

log = logging.getLogger("services.recorder")


def _ended(call: Callable[[], object]) -> str:
    """What a call returned, or the class of its error."""
    try:
        return str(call())
    except Exception as error:  # noqa: BLE001 - the test looks at the class
        return type(error).__name__


class Note(Aggregate):
    """What happened to one subject."""

    collection: ClassVar[str] = "notes"
    seen: list[str] = []


class Recorder:
    """Hears of members, and fails as their names ask."""

    name = "recorder"
    documents = Documents(Note)
    other = RpcClient("recorder", "refuse", "wait")
    nobody = RpcClient("nobody", "anything")
    intake = RpcClient("intake", "announce")

    @http("GET", "/notes/{note_id}", returns=Note)
    def read(self, call: Call, note_id: str) -> Note:  # noqa: ARG002
        """One note."""
        note: Note = self.documents.of(Note).get(note_id)
        return note

    @on(MemberJoined)
    def note(self, envelope: Envelope[MemberJoined]) -> None:
        """Keep the member's event id; a transient failure is remembered to be counted."""
        notes = self.documents.of(Note)
        name = envelope.data.name
        if name.startswith("fails"):
            tried = notes.change(
                f"{envelope.data.member_id}-tries",
                lambda note: note.seen.append(envelope.id),
                new=lambda: Note(id=f"{envelope.data.member_id}-tries"),
            )
            if name == "fails for ever" or len(tried.seen) <= 2:
                raise Unavailable("not now")
        if name == "needs more":
            raise Unavailable("not now")
        if name == "waits":
            log.warning("an event waits")
            while notes.find_one("released") is None:
                Event().wait(0.05)
        if name == "impossible":
            raise Rejected("never")
        notes.change(
            envelope.data.member_id,
            lambda note: note.seen.append(envelope.id),
            because=envelope,
            new=lambda: Note(id=envelope.data.member_id),
        )

    @rpc
    def echo(self, value: object) -> object:
        """What was sent."""
        return value

    @rpc
    def refuse(self) -> None:
        """Fail with a typed error."""
        raise Invalid("must be blue", "colour")

    @rpc
    def fail(self, error: str) -> None:
        """Fail with the error of the lab that has this name."""
        raise getattr(errors, error)("why")

    @rpc
    def break_down(self) -> None:
        """Fail with an error that nobody foresaw."""
        raise ZeroDivisionError("the secret is 42")

    @rpc
    def ask_itself(self, method: str) -> str:
        """Call one of its own methods through the broker; the class of the error, if any."""
        try:
            return str(getattr(self.other, method)())
        except Exception as error:  # noqa: BLE001 - the test looks at the class
            return f"{type(error).__name__}: {error}"

    @rpc
    def ask_intake(self, member_id: str, name: str) -> str:
        """Call the other sample; the class of the error, if any."""
        return _ended(lambda: self.intake.announce(member_id, name))

    @rpc
    def ask_slowly(self) -> str:
        """Call a method that takes as long as the whole deadline; log how it ended."""
        try:
            return str(self.other.wait())
        except Exception as error:
            log.warning("asked slowly: %s", type(error).__name__)
            raise

    @rpc
    def wait(self) -> None:
        """Take longer than the broker's restart; log that the call arrived."""
        log.warning("asked to wait")
        Event().wait(6)

    @rpc
    def ask_nobody(self) -> str:
        """Call a method of a service that does not exist."""
        return _ended(self.nobody.anything)


class Announcer:
    """Publishes one member for each call."""

    name = "intake"
    documents = Documents(Note)

    @on(ProjectWithdrawn)
    def ignore(self, envelope: Envelope[ProjectWithdrawn]) -> None:
        """Do nothing."""

    @http("POST", "/notes/{member_id}", status=204)
    def take(self, call: Call, member_id: str) -> None:
        """Announce the member over HTTP: that works without a broker."""
        self.announce(member_id, call.caller.member_id)

    @rpc
    def announce(self, member_id: str, name: str) -> str:
        """Save a document that records MemberJoined."""

        def decide(note: Note) -> None:
            note.seen.append(name)
            note.record(
                MemberJoined(member_id=member_id, name=name, kind="city", skills=(), territory=())
            )

        self.documents.of(Note).change(member_id, decide, new=lambda: Note(id=member_id))
        return member_id
