"""Keeps webhooks and harvests out of the lab's own network (server-side request forgery).

A URL is judged by the addresses its name resolves to, and the call then goes to exactly these
addresses: a name that changes between check and call gains nothing.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from shared.errors import Invalid

Resolve = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo` or something that answers alike."""

_URL = TypeAdapter(AnyHttpUrl)
_URL_LENGTH = 2000
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
# Networks that `ipaddress` takes for global, in some versions: RFC 8215, RFC 3879.
_INSIDE = (IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))


class Unresolved(Invalid):
    """The name has no address."""


@dataclass(frozen=True)
class Target:
    """Where a call goes: the parts of its URL and the addresses that were checked."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def is_public(address: str) -> bool:
    """Whether an IP address lies on the public Internet, whatever it is wrapped in."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
        if any(ip in network for network in _INSIDE):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


def resolve(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    """The addresses of a host, as `socket.getaddrinfo` gives them; blocks."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Guard:
    """Decides which URLs may be called; `resolve` must not block the hub it runs on."""

    def __init__(self, *, allow_private: bool, resolve: Resolve = resolve) -> None:
        self._allow_private, self._resolve = allow_private, resolve

    def normalised(self, url: str) -> str:
        """The URL as it will be called, if it may be; Invalid says why not."""
        parsed = self._parse(url)
        self._target(parsed)
        return str(parsed)

    def target(self, url: str) -> Target:
        """The checked addresses behind a URL, at this moment; Invalid says why not."""
        return self._target(self._parse(url))

    def _parse(self, url: str) -> AnyHttpUrl:
        try:
            parsed = _URL.validate_python(url)
        except ValidationError as error:
            raise Invalid("doit être une URL http ou https complète", "url") from error
        if len(url) > _URL_LENGTH:
            raise Invalid(f"ne doit pas dépasser {_URL_LENGTH} caractères", "url")
        if parsed.username or parsed.password:
            raise Invalid("ne doit porter ni nom d'utilisateur ni mot de passe", "url")
        if parsed.scheme != "https" and not self._allow_private:
            raise Invalid("doit être en https", "url")
        return parsed

    def _target(self, url: AnyHttpUrl) -> Target:
        host, port = (url.host or "").strip("[]"), url.port or 443
        return Target(
            scheme=url.scheme,
            host=host,
            port=port,
            path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
            addresses=self._addresses(host, port),
        )

    def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"{host} ne correspond à aucune adresse", "url") from error
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        # One forbidden address among allowed ones is enough: names like that are made to slip by.
        if not self._allow_private and not all(map(is_public, addresses)):
            raise Invalid(f"{host} est sur un réseau privé ou réservé", "url")
        return addresses
