"""What notify tells."""

from shared.events.event import Event


class EndpointDisabled(Event, source="notify"):
    """A webhook endpoint no longer receives deliveries."""

    summary = "Un point de réception est désactivé : {reason}"
    endpoint_id: str
    member_id: str
    reason: str


class DeliveryAbandoned(Event, source="notify"):
    """A webhook delivery failed on its last attempt."""

    summary = "Un envoi est abandonné après {attempts:essai/essais}."
    delivery_id: str
    endpoint_id: str
    event_id: str
    attempts: int
    last_error: str
