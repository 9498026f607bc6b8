"""Multipart forms cut into pieces at every place, against a store in memory."""

import io
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from shared.errors import LabError, TooLarge
from shared.http.upload import Upload, plain_name
from shared.storage import Storage


class Title(BaseModel):
    """The metadata of these uploads."""

    title: str


class Trickle(io.BytesIO):
    """A body that comes in pieces of one size."""

    piece = 1

    def read(self, size: int | None = -1) -> bytes:
        """At most `piece` bytes."""
        return super().read(min(self.piece, size) if size and size > 0 else self.piece)


def receive(raw: bytes, piece: int = 1 << 16, limit: int = 1000) -> tuple[Upload, Storage]:
    """What becomes of a body with the boundary `x`."""
    body = Trickle(raw)
    body.piece = piece
    builder = EnvironBuilder(
        method="POST", input_stream=body, content_type="multipart/form-data; boundary=x"
    )
    environ = builder.get_environ()
    environ["wsgi.input"] = body
    storage = Storage(f"memory://{uuid4().hex}")
    upload = Upload(Title, "file", storage, limit)
    upload.receive(Request(environ), seconds=10)
    return upload, storage


def form(content: bytes, filename: str = "f.csv") -> bytes:
    """A complete form around `content`."""
    return (
        b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"title": "t"}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + filename.encode()
        + b'"\r\nContent-Type: text/csv; charset=utf-8\r\n\r\n'
        + content
        + b"\r\n--x--\r\n"
    )


@given(st.binary(min_size=1, max_size=300), st.integers(1, 50))
def test_file_is_the_same_however_the_body_is_cut(content: bytes, piece: int) -> None:
    """No border between two pieces loses or adds a byte."""
    if b"\r\n--x" in content or content.startswith(b"--x"):
        return
    upload, storage = receive(form(content), piece)
    assert upload.file is not None
    assert storage.read(upload.file) == content
    assert (upload.body, upload.filename) == (Title(title="t"), "f.csv")
    assert upload.file.media_type == "text/csv"


@pytest.mark.parametrize("sent", ["%22a%22 été.csv", '\\"a\\" été.csv'])
def test_quotation_marks_of_a_name_are_its_own(sent: str) -> None:
    """Browsers write `"` as `%22` (HTML, multipart form data), others with a backslash before."""
    upload, _ = receive(form(b"a", sent))
    assert upload.filename == '"a" été.csv'


@given(st.integers(0, 200))
def test_form_cut_short_is_refused(length: int) -> None:
    """Every prefix of a form is a problem and leaves no file."""
    raw = form(b"abc")
    with pytest.raises(LabError):
        receive(raw[: min(length, len(raw) - 5)])


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    """Whatever comes instead of a form is a problem, never another error."""
    with pytest.raises((LabError, ValueError)) as caught:
        receive(b"--x\r\n" + noise)
    assert isinstance(caught.value, LabError)


def test_file_beyond_the_limit_is_too_large() -> None:
    """The limit counts the file's own bytes."""
    assert receive(form(b"y" * 1000))[0].file is not None
    with pytest.raises(TooLarge):
        receive(form(b"y" * 1001))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.csv", "a.csv"),
        ("../a.csv", "a.csv"),
        ("C:\\b\\a.csv", "a.csv"),
        ("a\r\nb.csv", "ab.csv"),
        ("..", ".."),
        ("", ""),
        ("é" * 300 + ".csv", "é" * 196 + ".csv"),
    ],
)
def test_name_is_cleaned(sent: str, kept: str) -> None:
    """Folders and control characters go, accents and the extension stay."""
    assert plain_name(sent) == kept
