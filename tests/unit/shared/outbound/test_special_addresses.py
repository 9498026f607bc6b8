"""Which addresses lie on the public Internet."""

from ipaddress import ip_network

import pytest

from shared.outbound import is_public

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
