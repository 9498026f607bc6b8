"""Decides which URLs may be called, and at which addresses.

Which of these lie on the public Internet is told by IANA's registries: the tables of `ipaddress`
differ between Python's versions (3.11.7 calls 192.0.0.192, 192.88.99.1 and 3fff::1 global). Every
block of the two special-purpose registries (RFC 6890, RFC 8190; as of October 2025) is refused
whole, with the few in it that are reachable: anycast services of protocols, of which none receives
a webhook or publishes a catalogue.
"""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from shared.errors import Invalid
from shared.outbound.name_resolution import Names, TimeLimit

SPECIAL_IPV4 = {
    IPv4Network(block): source
    for block, source in {
        "0.0.0.0/8": "RFC 791: this network",
        "10.0.0.0/8": "RFC 1918: private",
        "100.64.0.0/10": "RFC 6598: carriers' NAT",
        "127.0.0.0/8": "RFC 1122: loopback",
        "169.254.0.0/16": "RFC 3927: link-local, clouds' metadata",
        "172.16.0.0/12": "RFC 1918: private",
        "192.0.0.0/24": "RFC 6890: protocol assignments, with RFC 7335, 7600, 7723, 8155, 7050",
        "192.0.2.0/24": "RFC 5737: documentation",
        "192.31.196.0/24": "RFC 7535: AS112",
        "192.52.193.0/24": "RFC 7450: multicast tunnels",
        "192.88.99.0/24": "RFC 7526, RFC 6751: relays of 6to4 and 6a44, deprecated",
        "192.168.0.0/16": "RFC 1918: private",
        "192.175.48.0/24": "RFC 7534: AS112",
        "198.18.0.0/15": "RFC 2544: benchmarks",
        "198.51.100.0/24": "RFC 5737: documentation",
        "203.0.113.0/24": "RFC 5737: documentation",
        "224.0.0.0/4": "RFC 5771: multicast",
        "240.0.0.0/4": "RFC 1112: reserved, with RFC 8190: limited broadcast",
    }.items()
}
"""Blocks of IPv4 that are no place for a server, and what says so."""

GLOBAL_IPV6 = IPv6Network("2000::/3")
"""RFC 4291: all that IANA gives out as global unicast. Whatever lies outside is refused, so these
need no line below: ::/128, ::1/128, ::/96 (RFC 4291), ::ffff:0:0/96, 64:ff9b:1::/48 (RFC 8215),
100::/64 (RFC 6666), 100:0:0:1::/64 (RFC 9780), 5f00::/16 (RFC 9602), fc00::/7 (RFC 4193),
fe80::/10, fec0::/10 (RFC 3879), ff00::/8."""

SPECIAL_IPV6 = {
    IPv6Network(block): source
    for block, source in {
        "2001::/23": "RFC 2928: protocols, with RFC 4380, 4843, 5180, 7343, 7450, 7535, 7723, 8155,"
        " 9374, 9665",
        "2001:db8::/32": "RFC 3849: documentation",
        "2002::/16": "RFC 3056: 6to4, deprecated; any IPv4 address may be within",
        "2620:4f:8000::/48": "RFC 7534: AS112",
        "3fff::/20": "RFC 9637: documentation",
    }.items()
}
"""Blocks of it that are no place for a server, and what says so."""

NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: how a network of IPv6 alone reaches IPv4; the address within decides."""


REGISTERING_SECONDS = 5.0
"""What resolving may take while a person waits for their URL to be accepted."""

_URL = TypeAdapter(AnyHttpUrl)
_URL_LENGTH = 2000


def is_public(address: str) -> bool:
    """Whether an IP address lies on the public Internet, whatever it is wrapped in."""
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return not any(ip in block for block in SPECIAL_IPV4)
    inner = _embedded(ip)
    if inner is not None:
        return is_public(str(inner))
    return ip in GLOBAL_IPV6 and not any(ip in block for block in SPECIAL_IPV6)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in NAT64 else ip.ipv4_mapped


@dataclass(frozen=True)
class CheckedTarget:
    """Where a call goes: the parts of its URL and the addresses that were checked."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


class SsrfGuard:
    """Decides which URLs may be called, at `ports` only if there are any.

    With `allow_private`, for demos and tests, http, every address and every port may be.
    """

    def __init__(
        self, *, allow_private: bool, names: Names | None = None, ports: Collection[int] = ()
    ) -> None:
        self._allow_private, self._names, self._ports = allow_private, names or Names(), ports

    def normalised(self, url: str, share: str = "") -> str:
        """The URL as it will be called, if it may be; Invalid says why not."""
        parsed = self._parse(url)
        self._target(parsed, TimeLimit(REGISTERING_SECONDS), share)
        return str(parsed)

    def target(self, url: str, limit: TimeLimit, share: str = "") -> CheckedTarget:
        """The checked addresses behind a URL, at this moment; Invalid says why not.

        `share` is whose load it is: of one, few names are resolved at once, see
        shared.outbound.name_resolution.
        """
        return self._target(self._parse(url), limit, share)

    def _parse(self, url: str) -> AnyHttpUrl:
        try:
            parsed = _URL.validate_python(url)
        except ValidationError as error:
            raise Invalid("doit être une URL http ou https complète", "url") from error
        if len(url) > _URL_LENGTH:
            raise Invalid(f"ne doit pas dépasser {_URL_LENGTH} caractères", "url")
        if parsed.username or parsed.password:
            raise Invalid("ne doit porter ni nom d'utilisateur ni mot de passe", "url")
        if not self._allow_private:
            self._check_public(parsed)
        return parsed

    def _check_public(self, url: AnyHttpUrl) -> None:
        if url.scheme != "https":
            raise Invalid("doit être en https", "url")
        if self._ports and url.port not in self._ports:
            allowed = ", ".join(map(str, self._ports))
            raise Invalid(f"le port {url.port} n'est pas admis (admis : {allowed})", "url")

    def _target(self, url: AnyHttpUrl, limit: TimeLimit, share: str) -> CheckedTarget:
        host, port = (url.host or "").strip("[]"), url.port or 443
        return CheckedTarget(
            scheme=url.scheme,
            host=host,
            port=port,
            path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
            addresses=self._addresses(host, port, limit, share),
        )

    def _addresses(self, host: str, port: int, limit: TimeLimit, share: str) -> tuple[str, ...]:
        addresses = self._names.addresses(host, port, limit, share)
        # One forbidden address among allowed ones is enough: names like that are made to slip by.
        if not self._allow_private and not all(map(is_public, addresses)):
            raise Invalid(f"{host} est sur un réseau privé ou réservé", "url")
        return addresses
