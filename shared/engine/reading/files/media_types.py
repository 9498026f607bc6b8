"""What a file is by how it begins, and how large a picture is where its first bytes tell.

Nothing is decoded: what is read here are names of formats and numbers at fixed places. The sources
are the formats' own: PNG (W3C), JPEG (ITU-T T.81), GIF89a, TIFF 6.0, BigTIFF and OGC GeoTIFF 1.1,
RIFF, HDF5, NetCDF (classic), ISO 32000 (PDF), FLAC, Ogg (RFC 3533), MPEG audio.
"""

import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

START = 1 << 16
"""Bytes at the start of a file that are looked at."""

_SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    ((b"GIF87a", b"GIF89a"), "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    ((b"CDF\x01", b"CDF\x02", b"CDF\x05"), "application/x-netcdf"),
    (b"GRIB", "application/x-grib"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    ((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"), "audio/mpeg"),
    ((b"PK\x03\x04", b"PK\x05\x06"), "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x00\x00\x27\x0a\x00\x00\x00\x00", "application/x-shapefile"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_TAR, _TAR_AT = b"ustar", 257
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

_GEO_KEYS = 34735
"""GeoKeyDirectoryTag: what makes a TIFF a GeoTIFF."""

_WIDTH, _HEIGHT = 256, 257
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of frames, whose segments tell the size of the picture."""

_ALONE = frozenset((0x01, *range(0xD0, 0xDA)))
"""JPEG's markers that no segment follows."""


class Kind(NamedTuple):
    """What a file is, and how large a picture, in pixels."""

    media_type: str
    width: int | None = None
    height: int | None = None


def kind_of(start: bytes) -> Kind:
    """Return the kind of the file with these first bytes; it has more only if they are START."""
    if start[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        return _tiff(start)
    media_type = _named(start)
    match media_type:
        case "image/png" if start[12:16] == b"IHDR" and len(start) >= 24:  # noqa: PLR2004 - its end
            return Kind(media_type, *struct.unpack(">II", start[16:24]))
        case "image/gif" if len(start) >= 10:  # noqa: PLR2004 - the end of its size
            return Kind(media_type, *struct.unpack("<HH", start[6:10]))
        case "image/jpeg":
            return Kind(media_type, *_jpeg_size(start))
    return Kind(media_type)


def _named(start: bytes) -> str:
    signed = (media_type for sign, media_type in _SIGNS if start.startswith(sign))
    if media_type := next(signed, ""):
        return media_type
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12], UNKNOWN)
    if start[4:8] == b"ftyp":
        return "video/mp4"
    if start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "application/x-tar"
    # Text may be of any encoding but those that have zeros.
    return TEXT if start and b"\0" not in start else UNKNOWN


def _jpeg_size(start: bytes) -> tuple[int | None, int | None]:
    at = 2
    while at + 9 <= len(start) and start[at] == 0xFF:  # noqa: PLR2004 - how each marker begins
        marker = start[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", start[at + 5 : at + 9])
            return width, height
        if marker == 0xFF:  # noqa: PLR2004 - markers may be filled up
            at += 1
        else:
            at += 2 if marker in _ALONE else 2 + struct.unpack(">H", start[at + 2 : at + 4])[0]
    return None, None


def _tiff(start: bytes) -> Kind:
    """Read a TIFF's kind and size from its first directory, if that lies within these bytes."""
    tags = dict(_tags(start))
    media_type = "image/tiff; application=geotiff" if _GEO_KEYS in tags else "image/tiff"
    return Kind(media_type, tags.get(_WIDTH), tags.get(_HEIGHT))


def _tags(start: bytes) -> Iterator[tuple[int, int]]:
    order: Literal["<", ">"] = "<" if start[:2] == b"II" else ">"
    is_big = 43 in start[2:4]  # noqa: PLR2004 - its version
    head, count, entry = ("Q", "Q", "HHQQ") if is_big else ("I", "H", "HHII")
    at = _read(start, 8 if is_big else 4, order + head)
    if at is None or (number := _read(start, at, order + count)) is None:
        return
    size, at = struct.calcsize(order + entry), at + struct.calcsize(order + count)
    for place in range(at, min(at + number * size, len(start) - size + 1), size):
        tag, kind, _count, value = struct.unpack_from(order + entry, start, place)
        short = struct.unpack_from(f"{order}H", start, place + size - (8 if is_big else 4))[0]
        yield tag, short if kind == 3 else value  # noqa: PLR2004 - SHORT


def _read(start: bytes, at: int, form: str) -> int | None:
    if at + struct.calcsize(form) > len(start):
        return None
    return int(struct.unpack_from(form, start, at)[0])
