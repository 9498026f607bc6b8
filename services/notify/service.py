"""The notify service: listens to everything, tells partners and persons, keeps the timelines."""

from functools import cache

from services.notify import endings, retention
from services.notify.commands import Webhooks
from services.notify.mail.addressing import Addressing
from services.notify.mail.entrypoints import ForMails
from services.notify.mail.mailer import Mailer
from services.notify.mail.model import Mail, MailPreference
from services.notify.mail.seats import IntakeQuestions
from services.notify.mail.smtp import Smtp, SmtpServer
from services.notify.model import Endpoint, WebhookDelivery
from services.notify.recorder import Recorder
from services.notify.sending.sender import Sender
from services.notify.steering.model import Subject
from services.notify.steering.views import SteeringQuery, SteeringView, csv_of
from services.notify.steering_watch import Filling, SteeringUpgrade, SteeringWatch
from services.notify.timeline import Ownership, TimelineEntry
from services.notify.views import (
    ChangeEndpoint,
    DeliveryPage,
    DeliveryView,
    EndpointPage,
    EndpointView,
    ListDeliveries,
    ReadTimeline,
    RegisteredEndpoint,
    RegisterEndpoint,
    Timeline,
)
from shared import trace
from shared.endings.departures import Departure
from shared.endings.retention import Retained, retaining
from shared.engine.tables.exports import CSV
from shared.events import REGISTRY, Envelope, Event
from shared.http import MEMBER, Call, Text, as_rpc, http
from shared.inbound import Paging
from shared.messaging import (
    Background,
    Config,
    Context,
    Documents,
    RpcClient,
    names,
    on,
    ssrf_guard,
)
from shared.outbound import SsrfGuard
from shared.settings import Settings
from shared.store import Store


def _guard(settings: Settings) -> SsrfGuard:
    return ssrf_guard(
        "notify", allow_private=settings.webhook_private_addresses, ports=settings.webhook_ports
    )


def _mailer(context: Context) -> Mailer:
    settings, asked = context.settings, context.clients["intake"]
    intake = IntakeQuestions(
        recipient=asked.get_recipient,
        registrant=asked.get_registrant,
        link=asked.make_registration_link,
        invitation=asked.get_invitation,
        impediment=asked.get_impediment,
    )
    give = None
    if settings.smtp_url:
        server = SmtpServer.of(settings.smtp_url)
        give = Smtp(server, names("notify"), settings.mail_timeout_seconds).give
    return Mailer(context.store, settings, intake, give)


@cache
def _recorder(store: Store, digest_hour: int | None) -> Recorder:
    """The one of this process; without an hour it addresses no mails."""
    mails = None if digest_hour is None else Addressing(store, digest_hour)
    return Recorder(store, mails)


class Notify(ForMails):
    """Webhook endpoints, their deliveries, the timeline of every project, and mails to persons."""

    name = "notify"
    documents = Documents(
        Endpoint,
        WebhookDelivery,
        TimelineEntry,
        Ownership,
        Mail,
        MailPreference,
        Departure,
        Retained,
        Subject,
        Filling,
    )
    settings = Config()
    intake = RpcClient(
        "intake",
        "get_impediment",
        "get_invitation",
        "get_recipient",
        "get_registrant",
        "make_registration_link",
    )
    upgrade = Background(lambda context: SteeringUpgrade(context.store))
    steering: SteeringWatch = Background(
        lambda context: SteeringWatch(context.service, context.store, context.in_thread)
    )
    retention = Background(retaining(retention.policies))
    sender: Sender = Background(
        lambda context: Sender(context.store, context.settings, _guard(context.settings))
    )
    mailer = Background(_mailer)

    @property
    def webhooks(self) -> Webhooks:
        """The endpoints, deliveries and timelines as callers may see and change them."""
        guard, most = _guard(self.settings), self.settings.webhook_endpoints
        return Webhooks(self.documents, guard, most)

    @on(*REGISTRY.values())
    def record(self, envelope: Envelope[Event]) -> None:
        """Write any event into its timeline and send it to who may hear of it."""
        settings = self.settings
        hour = settings.mail_digest_hour if settings.smtp_url else None
        self.sender.serve(_recorder(self.documents, hour).record(envelope))
        endings.note(self.documents, envelope)
        self.mailer.wake()

    @as_rpc(MEMBER, "url", "event_types", "description")
    @http("POST", "/endpoints", body=RegisterEndpoint, returns=RegisteredEndpoint, status=201)
    def register_endpoint(self, call: Call) -> RegisteredEndpoint:
        """Register a webhook endpoint; an operator's is told of everyone's events."""
        sees_all, cause = "operator" in call.caller.roles, trace.call.get()
        endpoint = self.webhooks.register(
            call.caller.member_id, call.body, sees_all=sees_all, cause=cause
        )
        return RegisteredEndpoint.of(endpoint)

    @http("GET", "/endpoints", query=Paging, returns=EndpointPage)
    def list_endpoints(self, call: Call) -> EndpointPage:
        """The caller's endpoints."""
        return EndpointPage.of(self.webhooks.endpoints(call.caller, call.query))

    @http("GET", "/endpoints/{endpoint_id}", returns=EndpointView)
    def read_endpoint(self, call: Call, endpoint_id: str) -> EndpointView:
        """One endpoint."""
        return EndpointView.of(self.webhooks.endpoint(endpoint_id, call.caller))

    @http("PATCH", "/endpoints/{endpoint_id}", body=ChangeEndpoint, returns=EndpointView)
    def change_endpoint(self, call: Call, endpoint_id: str) -> EndpointView:
        """Change an endpoint's URL, events, description or state."""
        return EndpointView.of(self.webhooks.change(endpoint_id, call.caller, call.body))

    @http("DELETE", "/endpoints/{endpoint_id}", status=204)
    def delete_endpoint(self, call: Call, endpoint_id: str) -> None:
        """Remove an endpoint; nothing more is sent to it."""
        self.webhooks.delete(endpoint_id, call.caller)

    @as_rpc("endpoint_id", "after", "limit", "state")
    @http("GET", "/endpoints/{endpoint_id}/deliveries", query=ListDeliveries, returns=DeliveryPage)
    def list_deliveries(self, call: Call, endpoint_id: str) -> DeliveryPage:
        """What was sent to an endpoint, with every attempt, newest first."""
        return DeliveryPage.of(self.webhooks.deliveries(endpoint_id, call.caller, call.query))

    @as_rpc("delivery_id")
    @http("POST", "/deliveries/{delivery_id}/replay", returns=DeliveryView, status=202)
    def replay_delivery(self, call: Call, delivery_id: str) -> DeliveryView:
        """Send a delivery again, under its old id, with the whole schedule before it."""
        delivery = self.webhooks.replay(delivery_id, call.caller)
        self.sender.wake()
        return DeliveryView.of(delivery)

    @as_rpc("project_id", "after", "limit", "newest")
    @http("GET", "/projects/{project_id}/timeline", query=ReadTimeline, returns=Timeline)
    def get_timeline(self, call: Call, project_id: str) -> Timeline:
        """What happened to a project, for its holder and the lab's staff."""
        return Timeline.of(self.webhooks.timeline(project_id, call.caller, call.query))

    @http(
        "GET",
        "/steering",
        query=SteeringQuery,
        returns=SteeringView,
        formats={"json": "application/json", "csv": CSV},
        roles={"reviewer", "operator", "committee"},
    )
    def read_steering(self, call: Call) -> SteeringView | Text:
        """The figures of a year for the steering committee; a tidy table as CSV.

        How long one member takes to answer is told to operators alone, and few persons are told as
        « moins de 5 ». The reasons that people gave are for the lab's staff, and in no CSV.
        """
        steering = self.steering.report(call.query, call.caller)
        return Text([csv_of(steering)], CSV) if call.format == "csv" else steering
