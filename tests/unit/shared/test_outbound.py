"""Which URLs a webhook may call."""

import socket
from typing import Any

import pytest

from shared.errors import Invalid
from shared.outbound import SsrfGuard, Unresolved, is_public

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


STRICT = SsrfGuard(allow_private=False, resolve=resolve)
OPEN = SsrfGuard(allow_private=True, resolve=resolve)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_inside_is_not_public(address: str) -> None:
    """Private, loopback, link-local, multicast, reserved and wrapped ones are seen through."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:2800:220:1::1", "64:ff9b::5db8:d822"]
)
def test_address_on_the_internet_is_public(address: str) -> None:
    """NAT64 of a public address is public: it is how an IPv6-only network reaches it."""
    assert is_public(address)


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


def test_unknown_name_is_told_from_a_private_one() -> None:
    """A name that does not resolve now may resolve later."""
    with pytest.raises(Unresolved):
        STRICT.target("https://unknown.example/")


def test_name_that_moved_inside_is_refused_at_the_call() -> None:
    """The check is made again for every call, on the addresses that are then used."""
    addresses = ["93.184.216.34"]
    guard = SsrfGuard(
        allow_private=False, resolve=lambda host, port: [(0, 0, 0, host, (addresses[0], port))]
    )
    assert guard.target("https://moving.example/").addresses == ("93.184.216.34",)
    addresses[0] = "127.0.0.1"
    with pytest.raises(Invalid, match="privé ou réservé"):
        guard.target("https://moving.example/")


def test_target_has_every_address_once_and_the_whole_path() -> None:
    """What is called is the path with its query, at the checked addresses."""
    target = STRICT.target("https://dual.example:8443/a/b?c=d#e")
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
    assert OPEN.target("http://partner.example/").port == 80
