"""Who is concerned by an event: a partner is told of its own projects and datasets, no others."""

from shared.events import Event

# The fields by which events name members, and the things that belong to one.
_MEMBERS = ("holder_id", "owner_id", "member_id")
_THINGS = ("project_id", "dataset_id", "endpoint_id")
_OWNERSHIP = {"project_id": "holder_id", "dataset_id": "owner_id"}


def _named(event: Event, fields: tuple[str, ...]) -> tuple[str, ...]:
    values = (getattr(event, field, None) for field in fields)
    return tuple(value for value in values if value)


def members(event: Event) -> frozenset[str]:
    """The members that the event names itself as concerned."""
    return frozenset((*_named(event, _MEMBERS), *getattr(event, "member_ids", ())))


def things(event: Event) -> tuple[str, ...]:
    """The project, dataset and endpoint of the event: who they belong to is concerned."""
    return _named(event, _THINGS)


def ownership(event: Event) -> dict[str, str]:
    """What the event tells about who things belong to: project or dataset id -> member id."""
    pairs = ((_named(event, (thing,)), _named(event, (who,))) for thing, who in _OWNERSHIP.items())
    return {thing[0]: member[0] for thing, member in pairs if thing and member}
