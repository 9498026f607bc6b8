"""Frames that cannot be read become readable; frames that are held are sent together, in order."""

from struct import pack
from typing import Any

import pytest
from amqp import Message, spec
from amqp.serialization import decode_properties_basic, dumps, loads

from shared.messaging.frames import FrameBuffer, readable_arguments, readable_properties

DELIVER = pack(">HH", *spec.Basic.Deliver)
GET_OK = pack(">HH", *spec.Basic.GetOk)


def header(flags: int, fields: bytes) -> bytes:
    """A content header frame of the basic class, for a body of 7 bytes."""
    return pack(">HHQH", 60, 0, 7, flags) + fields


def properties(**properties: Any) -> bytes:
    """A content header frame with these properties."""
    fields: bytes = Message(**properties)._serialize_properties()
    return header(0, b"")[:-2] + fields


def read(payload: bytes) -> dict[str, Any]:
    """What py-amqp reads of a content header frame."""
    properties: dict[str, Any] = decode_properties_basic(payload, 12)[0]
    return properties


def test_property_that_is_not_utf8_is_replaced_and_the_others_stay() -> None:
    """Headers, numbers and other texts come as they were sent."""
    sent = {"application_headers": {"a": 1}, "delivery_mode": 2, "timestamp": 5, "app_id": "é"}
    mended = readable_properties(properties(correlation_id=b"a\xff\xfe", **sent))
    assert read(mended) == {"correlation_id": "a??", **sent}


def test_readable_frames_are_not_touched() -> None:
    """The common case costs no copy."""
    payload = properties(correlation_id="é", application_headers={"a": {"b": [1, "é"]}})
    assert readable_properties(payload) is payload
    deliver = DELIVER + dumps("sLbss", ["tag", 200, False, "", "é"])
    assert readable_arguments(deliver) is deliver
    other = pack(">HH", *spec.Basic.Ack) + b"\xff"
    assert readable_arguments(other) is other


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(b"T" + b"\x7f" * 8, id="a date beyond the year 9999"),
        pytest.param(b"?", id="a type that nobody knows"),
        pytest.param(b"A\0\0\0\1" * 50_000, id="nested too deep"),
    ],
)
def test_headers_that_cannot_be_read_count_as_none(item: bytes) -> None:
    """The size of the body stays known, and the body itself will tell what it is."""
    field = b"\x01a" + item
    payload = header(0x2000, pack(">I", len(field)) + field)
    mended = readable_properties(payload)
    assert read(mended) == {}
    assert mended[:12] == payload[:12]


@pytest.mark.parametrize(
    ("method", "layout", "sent", "expected"),
    [
        (DELIVER, "sLbss", ["c", 200, True, "x", b"s.\xff"], ["c", 200, True, "x", "s.?"]),
        (GET_OK, "Lbssl", [200, False, b"\xe9", "é", 3], [200, False, "?", "é", 3]),
    ],
)
def test_routing_key_that_is_not_utf8_is_replaced(
    method: bytes, layout: str, sent: list[Any], expected: list[Any]
) -> None:
    """Delivery tag and flags, which are no text, stay what they are."""
    mended = readable_arguments(method + dumps(layout, sent))
    assert loads(layout, mended, 4)[0] == expected


class Socket:
    """What a transport does: takes all bytes, or breaks."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_broken = False

    def write(self, data: bytes) -> None:
        """Send all of it."""
        if self.is_broken:
            raise BrokenPipeError
        self.writes.append(bytes(data))


class Tuned:
    """A connection after tuning."""

    frame_max = 131_072


@pytest.fixture
def socket() -> Socket:
    """Where the frames arrive."""
    return Socket()


@pytest.fixture
def frames(socket: Socket) -> FrameBuffer:
    """A frame buffer before that socket."""
    buffer = FrameBuffer()
    buffer.writer(Tuned(), socket)
    return buffer


def test_held_frames_go_out_together_and_in_order(frames: FrameBuffer, socket: Socket) -> None:
    """One write for all of them, also for what others wrote meanwhile."""
    buffer = bytearray(b"a")
    frames.hold()
    frames.write(memoryview(buffer))
    buffer[:] = b"b"  # py-amqp packs every frame into the same buffer
    frames.write(memoryview(buffer))
    assert socket.writes == []
    frames.release()
    frames.write(memoryview(b"c"))
    assert socket.writes == [b"ab", b"c"]


def test_much_is_sent_before_the_release(frames: FrameBuffer, socket: Socket) -> None:
    """The broker need not wait for the last frame of many."""
    frames.hold()
    for _ in range(100):
        frames.write(memoryview(bytes(1000)))
    assert 0 < len(socket.writes) < 10
    frames.release()
    assert sum(map(len, socket.writes)) == 100_000


def test_broken_socket_is_told_and_nothing_is_held_any_more(
    frames: FrameBuffer, socket: Socket
) -> None:
    """What was held is lost with the connection."""
    frames.hold()
    frames.write(memoryview(b"a"))
    socket.is_broken = True
    with pytest.raises(BrokenPipeError):
        frames.release()
    socket.is_broken = False
    frames.write(memoryview(b"b"))
    assert socket.writes == [b"b"]
