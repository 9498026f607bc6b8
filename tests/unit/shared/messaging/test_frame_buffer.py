"""Frames are held back, sent together, and never out of order."""

import pytest

from shared.messaging.frame_buffer import FrameBuffer


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
    made = FrameBuffer()
    made.writer(Tuned(), socket)
    return made


def test_frames_go_out_at_once_while_nothing_is_held(frames: FrameBuffer, socket: Socket) -> None:
    """Heartbeats and single messages wait for nobody."""
    frames.write(memoryview(b"a"))
    assert socket.writes == [b"a"]


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
