"""Reads a page of the API of data.gouv.fr (udata), version 1: `GET /api/1/datasets/`.

Source: its Swagger description. `data` holds datasets, `next_page` the address of the next page.
What columns hold is not on it: a resource's `schema` is a link to a Table Schema, never fetched.
"""

from collections.abc import Iterator
from typing import Any

from shared.engine.contract.harvested_page import Distribution, Record
from shared.engine.portals.sanitising import (
    DISTRIBUTIONS,
    KEYWORDS,
    PLACES,
    URL,
    address,
    checksum,
    day,
    frequency_of,
    identity,
    licence_name,
    moment,
    one_line,
    size,
    territory_of,
    text_of_html,
    untagged,
)
from shared.errors import Rejected

_GONE = ("deleted", "archived", "private")
_BADGES = {"local-authority": "local_authority", "company": "company", "association": "nonprofit"}
"""What the portal calls some of its organizations, with the lab's words."""

Item = dict[str, Any]


def items_of(page: Any) -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401 - JSON
    """Yield identifier, name and dataset of all on a page that are still published.

    Raises Rejected when the page is none of this API.
    """
    if not isinstance(page, dict) or not isinstance(page.get("data"), list):
        raise Rejected("cette page n'est pas de l'API de data.gouv.fr : elle n'a pas de « data »")
    for number, item in enumerate(page["data"], 1):
        about = item if isinstance(item, dict) else {}
        if not any(about.get(mark) for mark in _GONE):
            yield identity(about.get("id")), one_line(about.get("title")) or f"n° {number}", item


def next_of(page: Item) -> str | None:
    """Return the next page's address, relative or not; Rejected when it is no text."""
    address = page.get("next_page")
    if address is not None and not isinstance(address, str):
        raise Rejected("l'adresse de la page suivante (« next_page ») n'est pas un texte")
    return one_line(address, URL + 1) or None


def record_of(item: Any) -> Record:  # noqa: ANN401 - JSON
    """Return the record of one dataset; Rejected says in French what it lacks."""
    if not isinstance(item, dict):
        raise Rejected("ce n'est pas un objet JSON")
    covered, contact = _object(item, "temporal_coverage"), _contact(item)
    organization = _object(item, "organization")
    return Record(
        identifier=identity(item.get("id")),
        title=untagged(item.get("title")),
        description=text_of_html(item.get("description")),
        keywords=_keywords(item),
        territory=_places(item),
        licence=licence_name(item.get("license")),
        restricted=item.get("access_type") == "restricted",
        producer=untagged(organization.get("name")),
        producer_kind=_kind_of(organization),
        page=address(item.get("page")) or None,
        issued=moment(item.get("created_at")),
        # `last_modified` is when somebody last edited what is said of the data.
        modified=moment(item.get("last_update")),
        start=day(covered.get("start")),
        end=day(covered.get("end"), is_end=True),
        frequency=frequency_of(one_line(item.get("frequency"))),
        contact=untagged(contact.get("name")),
        contact_email=one_line(contact.get("email")),
        contact_url=address(contact.get("contact_form")),
        distributions=tuple(_distributions(item)),
    )


def _kind_of(organization: Item) -> str:
    badges = (
        badge.get("kind") for badge in _list(organization, "badges") if isinstance(badge, dict)
    )
    return next((_BADGES[name] for name in map(one_line, badges) if name in _BADGES), "")


def _keywords(item: Item) -> tuple[str, ...]:
    words = {untagged(tag) for tag in _list(item, "tags")}
    return tuple(sorted(words - {""}))[:KEYWORDS]


def _places(item: Item) -> tuple[str, ...]:
    zones = _list(_object(item, "spatial"), "zones")
    names = (zone.get("id") if isinstance(zone, dict) else zone for zone in zones)
    return territory_of(map(one_line, names))[:PLACES]


def _contact(item: Item) -> Item:
    contacts = [contact for contact in _list(item, "contact_points") if isinstance(contact, dict)]
    return contacts[0] if contacts else {}


def _distributions(item: Item) -> Iterator[Distribution]:
    for resource in _list(item, "resources")[:DISTRIBUTIONS]:
        url = address(resource.get("url")) if isinstance(resource, dict) else ""
        if url:
            digest = _object(resource, "checksum")
            yield Distribution(
                url=url,
                title=untagged(resource.get("title")),
                format=untagged(resource.get("format")),
                media_type=one_line(resource.get("mime")),
                size=size(resource.get("filesize")),
                checksum=checksum(digest.get("type"), digest.get("value")),
                modified=moment(resource.get("last_modified")),
            )


def _object(item: Item, name: str) -> Item:
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def _list(item: Item, name: str) -> list[Any]:
    value = item.get(name)
    return value if isinstance(value, list) else []
