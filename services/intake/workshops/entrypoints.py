"""What intake serves of workshops by HTTP and RPC."""

from services.intake.permissions import STAFF
from services.intake.workshops import commands
from services.intake.workshops.bodies import (
    AddMaterial,
    AnnounceWorkshop,
    CancelWorkshop,
    ChangeWorkshop,
    ListWorkshops,
    NoteAttendance,
    Register,
    RemoveMaterial,
    WorkshopFormat,
)
from services.intake.workshops.model import Workshop
from services.intake.workshops.views import (
    MEDIA_TYPE,
    MadeRegistration,
    RegistrantList,
    RegistrantView,
    RegistrationContact,
    RegistrationView,
    ShownWorkshop,
    WorkshopPage,
    calendar_of,
)
from shared.auth import Caller
from shared.http import MEMBER, Call, Text, WholeBody, as_rpc, http
from shared.inbound import Identifier
from shared.messaging import rpc
from shared.settings import Settings
from shared.store import Store

WORKSHOP = "/workshops/{workshop_id}"
SEATS = f"{WORKSHOP}/registrations"


class ForWorkshops:
    """Workshops: announced by the staff, registered for by members and, where it may, anybody."""

    documents: Store
    settings: Settings

    @as_rpc(WholeBody("workshop"))
    @http(
        "POST", "/workshops", body=AnnounceWorkshop, returns=ShownWorkshop, status=201, roles=STAFF
    )
    def announce_workshop(self, call: Call) -> ShownWorkshop:
        """Announce a workshop; honours an `Idempotency-Key` as submissions do."""
        sender, key = call.caller.member_id, call.idempotency_key
        return self._view(commands.announce(self.documents, sender, call.body, key), call.caller)

    @as_rpc("when", "theme", "after", "limit")
    @http("GET", "/workshops", query=ListWorkshops, returns=WorkshopPage, public=True)
    def list_workshops(self, call: Call) -> WorkshopPage:
        """List workshops, those to come or those of before, the newest announced first."""
        return WorkshopPage.of(commands.page(self.documents, call.query))

    @http("GET", "/workshops.ics", returns=Text, formats={"ics": MEDIA_TYPE}, public=True)
    def read_calendar(self, call: Call) -> Text:  # noqa: ARG002 - all are shown the same
        """The workshops to come, and of the last three months, to subscribe to by a calendar."""
        return self._calendar(commands.listed(self.documents))

    @as_rpc("workshop_id")
    @http(
        "GET",
        WORKSHOP,
        query=WorkshopFormat,
        returns=ShownWorkshop,
        formats={"json": "application/json", "ics": MEDIA_TYPE},
        public=True,
    )
    def get_workshop(self, call: Call, workshop_id: str) -> ShownWorkshop | Text:
        """Read a workshop, with the caller's own registrations; for calendars too."""
        workshop = self.documents.of(Workshop).get(workshop_id)
        view = self._view(workshop, call.caller)
        return view if call.format == "json" else self._calendar([workshop], view.link)

    @as_rpc("workshop_id", WholeBody("changes"))
    @http("PATCH", WORKSHOP, body=ChangeWorkshop, returns=ShownWorkshop, roles=STAFF)
    def change_workshop(self, call: Call, workshop_id: str) -> ShownWorkshop:
        """Change a workshop that is yet to begin; who registered is told when and where it is."""
        return self._view(commands.change(self.documents, workshop_id, call.body), call.caller)

    @as_rpc("workshop_id", "reason")
    @http(
        "POST", f"{WORKSHOP}/cancellation", body=CancelWorkshop, returns=ShownWorkshop, roles=STAFF
    )
    def cancel_workshop(self, call: Call, workshop_id: str) -> ShownWorkshop:
        """Cancel a workshop; all who registered are told."""
        workshop = commands.cancel(self.documents, workshop_id, call.body.reason)
        return self._view(workshop, call.caller)

    @as_rpc("workshop_id", "attendance", "came")
    @http("POST", f"{WORKSHOP}/attendance", body=NoteAttendance, returns=ShownWorkshop, roles=STAFF)
    def note_attendance(self, call: Call, workshop_id: str) -> ShownWorkshop:
        """Note how many came to a workshop, and who; again corrects it."""
        workshop = commands.note_attendance(self.documents, workshop_id, call.body)
        return self._view(workshop, call.caller)

    @as_rpc("workshop_id", "title", "url")
    @http("POST", f"{WORKSHOP}/materials", body=AddMaterial, returns=ShownWorkshop, roles=STAFF)
    def add_workshop_material(self, call: Call, workshop_id: str) -> ShownWorkshop:
        """Add something to read of a workshop that took place."""
        workshop = commands.add_material(self.documents, workshop_id, call.body)
        return self._view(workshop, call.caller)

    @as_rpc("workshop_id", "url")
    @http(
        "DELETE", f"{WORKSHOP}/materials", body=RemoveMaterial, returns=ShownWorkshop, roles=STAFF
    )
    def remove_workshop_material(self, call: Call, workshop_id: str) -> ShownWorkshop:
        """Remove something to read; letters that told of it are not taken back."""
        workshop = commands.remove_material(self.documents, workshop_id, call.body.url)
        return self._view(workshop, call.caller)

    @as_rpc("workshop_id", "name", "mail", MEMBER)
    @http("POST", SEATS, body=Register, returns=MadeRegistration, status=201, public=True)
    def register_for_workshop(self, call: Call, workshop_id: str) -> MadeRegistration:
        """Register for a workshop, or wait for a seat; with an `Idempotency-Key`, once."""
        seat = commands.register(
            self.documents, call.caller, workshop_id, call.body, call.idempotency_key
        )
        return MadeRegistration.of_made(seat.workshop, seat.registration, seat.text)

    @http("GET", SEATS, returns=RegistrantList)
    def list_registrants(self, call: Call, workshop_id: str) -> RegistrantList:
        """Who registered, with name and address: for the staff and the host alone."""
        seats = commands.registrants(self.documents, call.caller, workshop_id)
        return RegistrantList(items=list(map(RegistrantView.of_seat, seats)))

    @http("DELETE", f"{SEATS}/{{registration_id}}")
    def give_up(self, call: Call, workshop_id: str, registration_id: str) -> None:
        """Take back one's own registration or, as the staff before it begins, anybody's."""
        commands.give_up(self.documents, call.caller, workshop_id, registration_id)

    @http("GET", "/registrations/shown", returns=RegistrationView, takes="credential")
    def read_registration(self, call: Call) -> RegistrationView:
        """Read the registration whose text is the bearer token."""
        seat = commands.seat_opened_by(self.documents, call.credential)
        return RegistrationView.of_seat(seat.workshop, seat.registration)

    @http("POST", "/registrations/end", returns=RegistrationView, takes="credential")
    def end_registration(self, call: Call) -> RegistrationView:
        """Take back the registration whose text is the bearer token; its person is erased."""
        seat = commands.give_up_shown(self.documents, call.credential)
        return RegistrationView.of_seat(seat.workshop, seat.registration)

    @rpc
    def give_up_seat(self, registration_id: Identifier) -> RegistrationView:
        """Take back a registration."""
        seat = commands.give_up_known(self.documents, registration_id)
        return RegistrationView.of_seat(seat.workshop, seat.registration)

    @rpc
    def get_registrant(self, registration_id: Identifier) -> RegistrationContact:
        """Whom to write to about a registration, and about which workshop; NotFound once erased."""
        return RegistrationContact.of_person(*commands.contact(self.documents, registration_id)[:2])

    @rpc
    def make_registration_link(self, registration_id: Identifier) -> str:
        """A new text that opens a registration, for a letter to its person."""
        return commands.make_link(self.documents, registration_id)

    @rpc
    def get_invitation(self, registration_id: Identifier) -> str:
        """The workshop of a registration as iCalendar, to go with a letter to its person."""
        seat = commands.contact(self.documents, registration_id)
        link = RegistrationView.of_seat(seat.workshop, seat.registration).link
        return calendar_of([seat.workshop], self.settings.lab_name, link).decode()

    def _view(self, workshop: Workshop, caller: Caller) -> ShownWorkshop:
        return ShownWorkshop.shown_to(workshop, caller, commands.host_of(self.documents, workshop))

    def _calendar(self, workshops: list[Workshop], link: str = "") -> Text:
        written = calendar_of(workshops, self.settings.lab_name, link)
        return Text(iter([written]), MEDIA_TYPE)
