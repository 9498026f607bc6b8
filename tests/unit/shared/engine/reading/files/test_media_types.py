"""What a file is, by how it begins."""

import struct

import pytest

from shared.engine.reading.files.media_types import UNKNOWN, kind_of

_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480)
_FRAME = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 480, 640)
_JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc4\x00\x03z" + _FRAME


def tiff(*tags: tuple[int, int, int], order: str = "<") -> bytes:
    """A TIFF whose first directory has these tags: number, type and value."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + struct.pack(f"{order}HH" if kind == 3 else f"{order}I", *([value, 0][: 5 - kind]))
        for tag, kind, value in tags
    )
    return head + struct.pack(f"{order}H", len(tags)) + entries


def big_tiff(width: int, height: int) -> bytes:
    """A BigTIFF of that size."""
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, 16)
    entries = (struct.pack("<HHQQ", tag, 4, 1, of) for tag, of in ((256, width), (257, height)))
    return head + struct.pack("<Q", 2) + b"".join(entries)


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"CDF\x02\x00", "application/x-netcdf"),
        (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\x00\x00\x00????", UNKNOWN),
        (b"PK\x03\x04\x14", "application/zip"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"\0" * 257 + b"ustar\x0000", "application/x-tar"),
        (b"a;b\n1;2\n", "text/plain"),
        ("été".encode("cp1252"), "text/plain"),
        (b"\0\1\2", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_format_is_told_by_the_first_bytes(start: bytes, media_type: str) -> None:
    """And not by a name."""
    assert kind_of(start).media_type == media_type


@pytest.mark.parametrize(
    "start",
    [
        _PNG,
        _JPEG,
        b"GIF89a" + struct.pack("<HH", 640, 480),
        tiff((256, 3, 640), (257, 3, 480)),
        tiff((256, 4, 640), (257, 3, 480), order=">"),
        big_tiff(640, 480),
    ],
)
def test_size_of_a_picture_is_read_where_its_start_tells(start: bytes) -> None:
    """In pixels."""
    kind = kind_of(start)
    assert kind.media_type.startswith("image/")
    assert kind[1:] == (640, 480)


def test_geotiff_is_told_from_other_tiff() -> None:
    """By the keys that say where it lies."""
    assert kind_of(tiff((256, 3, 1), (34735, 3, 4))).media_type == "image/tiff; application=geotiff"
    assert kind_of(tiff((256, 3, 1))).media_type == "image/tiff"


@pytest.mark.parametrize("whole", [_PNG, _JPEG, tiff((256, 3, 1), (257, 3, 1)), big_tiff(1, 1)])
def test_cut_picture_is_a_picture_all_the_same(whole: bytes) -> None:
    """Wherever it is cut: nothing is read behind its end."""
    for end in range(4, len(whole)):
        assert kind_of(whole[:end]).media_type.startswith("image/") or end < 8
