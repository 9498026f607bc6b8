"""Which URLs a webhook may call."""

import socket
from typing import Any

import pytest

from shared.errors import Invalid
from shared.outbound import Names, SsrfGuard, TimeLimit

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
