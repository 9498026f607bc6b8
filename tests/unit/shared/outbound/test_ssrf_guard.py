"""Which URLs a webhook may call, and which addresses lie on the public Internet."""

import socket
from ipaddress import ip_network
from typing import Any

import pytest

from shared.errors import Invalid
from shared.outbound import Names, SsrfGuard, TimeLimit, is_public

NAMES = {
    "partner.example": ["93.184.216.34"],
    "dual.example": ["2606:2800:220:1::1", "93.184.216.34", "93.184.216.34"],
    "inside.example": ["10.0.0.7"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"],
    "xn--caf-dma.example": ["93.184.216.34"],
}


def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """Answer like `getaddrinfo` for the names above and for literal addresses."""
    if host.replace(".", "").isdecimal() or ":" in host:
        return [(socket.AF_INET, None, None, "", (host, port))]
    if host not in NAMES:
        raise socket.gaierror("no such name")
    return [(socket.AF_INET, None, None, "", (address, port)) for address in NAMES[host]]


STRICT = SsrfGuard(allow_private=False, names=Names(resolve))
OPEN = SsrfGuard(allow_private=True, names=Names(resolve))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://inside.example/hook",
        "https://mixed.example/hook",
        "https://unknown.example/hook",
        "http://partner.example/hook",
        "https://user:secret@partner.example/hook",
        "https://user@partner.example/hook",
        "ftp://partner.example/hook",
        "file:///etc/passwd",
        "partner.example/hook",
        "https://",
        "",
        "https://partner.example/" + "a" * 2000,
    ],
)
def test_url_is_refused_naming_the_field(url: str) -> None:
    """Whatever is wrong with a URL, the answer names `url` and repeats no password."""
    with pytest.raises(Invalid) as refused:
        STRICT.normalised(url)
    assert refused.value.field == "url"
    assert "secret" not in str(refused.value)


def test_name_that_moved_inside_is_refused_at_the_call() -> None:
    """The check is made again for every call, on the addresses that are then used."""
    addresses = ["93.184.216.34"]
    names = Names(lambda host, port: [(0, 0, 0, host, (addresses[0], port))])
    guard = SsrfGuard(allow_private=False, names=names)
    assert guard.target("https://moving.example/", TimeLimit(10)).addresses == ("93.184.216.34",)
    addresses[0] = "127.0.0.1"
    with pytest.raises(Invalid, match="privé ou réservé"):
        guard.target("https://moving.example/", TimeLimit(10))


def test_target_has_every_address_once_and_the_whole_path() -> None:
    """What is called is the path with its query, at the checked addresses."""
    target = STRICT.target("https://dual.example:8443/a/b?c=d#e", TimeLimit(10))
    assert target.addresses == ("2606:2800:220:1::1", "93.184.216.34")
    assert (target.scheme, target.host, target.port) == ("https", "dual.example", 8443)
    assert target.path == "/a/b?c=d"


def test_names_are_normalised() -> None:
    """International names are kept as they are called."""
    assert STRICT.normalised("https://café.example") == "https://xn--caf-dma.example/"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://[::1]:8080/"])
def test_private_address_and_http_pass_when_allowed(url: str) -> None:
    """A demo or a test sets it; the default port of http is 80."""
    assert OPEN.normalised(url) == url
    assert OPEN.target("http://partner.example/", TimeLimit(10)).port == 80


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://partner.example/", True),
        ("https://partner.example:443/", True),
        ("https://partner.example:9443/", True),
        ("https://partner.example:25/", False),
        ("https://partner.example:8443/", False),
        ("https://partner.example:0/", False),
    ],
)
def test_port_is_one_of_those_that_are_set(url: str, *, allowed: bool) -> None:
    """The lab cannot be made to knock at whatever else listens somewhere."""
    guard = SsrfGuard(allow_private=False, names=Names(resolve), ports=(443, 9443))
    for ask in (guard.normalised, lambda url: guard.target(url, TimeLimit(10))):
        if allowed:
            ask(url)
        else:
            with pytest.raises(Invalid, match=r"admis : 443, 9443") as refused:
                ask(url)
            assert refused.value.field == "url"


REGISTERED = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24
192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32
::1/128 ::/128 ::ffff:0:0/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32
2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28
2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7
fe80::/10
"""
"""IANA's special-purpose registries of IPv4 and IPv6 (iana-ipv4-special-registry,
iana-ipv6-special-registry), without 64:ff9b::/96, in which the address within decides. 192.0.0.9,
192.0.0.10, AS112, AMT and the anycast addresses of 2001:1:: can be reached from everywhere, by
protocols in which nobody receives a webhook: they are refused with the others."""

BESIDE = ["224.0.0.0/4", "::/96", "fec0::/10", "ff00::/8", "4000::/3", "e000::/4"]
"""Multicast, what is deprecated, and what IANA has not given out."""

GLOBAL_TO_PYTHON = ["192.0.0.8", "192.0.0.192", "192.88.99.1", "2620:4f:8000::1", "3fff::1"]
"""What `ipaddress` of Python 3.11.7 calls global."""


@pytest.mark.parametrize("block", [*REGISTERED.split(), *BESIDE])
def test_special_block_is_not_public(block: str) -> None:
    """Neither its first address, nor its last, nor one between."""
    network = ip_network(block)
    places = {0, network.num_addresses // 3, network.num_addresses - 1}
    public = [str(network[place]) for place in places if is_public(str(network[place]))]
    # Some of ::ffff:0:0/96 is public IPv4, written otherwise.
    assert [address for address in public if block != "::ffff:0:0/96"] == []


@pytest.mark.parametrize(
    "address",
    [
        *GLOBAL_TO_PYTHON,
        "127.8.8.8",
        "169.254.169.254",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:192.0.0.192",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:5db8:d822::1",
        "fd12:3456::1",
        "fe80::1%eth0",
        "ff02::1",
    ],
)
def test_address_inside_is_not_public(address: str) -> None:
    """Private, loopback, link-local, multicast, reserved and wrapped ones are seen through."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.1",
        "192.0.1.0",
        "192.0.3.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:2800:220:1::1",
        "2a01:e0a::1",
        "64:ff9b::5db8:d822",
        "::ffff:93.184.216.34",
    ],
)
def test_address_on_the_internet_is_public(address: str) -> None:
    """What lies just beside a block, and NAT64: it is how an IPv6-only network reaches IPv4."""
    assert is_public(address)
