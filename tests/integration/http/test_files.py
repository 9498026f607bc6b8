"""Uploads streamed into the store, and downloads out of it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from tests.integration.http.conftest import UPLOAD_BYTES, Client, problem
from tests.servers import eventually

METADATA = ("metadata", (None, '{"title": "t"}', "application/json"))
Fields = list[tuple[str, Any]]
FORM = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
"""How a form begins that has a file."""


def upload(client: Client, *fields: tuple[str, Any], **options: Any) -> Any:
    """Send a multipart form."""
    return client("POST", "/files", fields=list(fields), **options)


def test_uploaded_file_comes_back_byte_for_byte(client: Client) -> None:
    """The reference is the content's sha256, and the download is the content.

    It names the file in ASCII and, with its accents, in UTF-8. What cannot start is a problem, not
    an empty file. The name of an upload never becomes a path; its parts come in any order.
    """
    content = b"a;b\r\n1;2\r\n--boundary\r\n\x00\xff"
    ref = upload(client, ("file", ("../../été.csv", content, "text/csv")), METADATA).json()
    assert (ref["sha256"], ref["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert ref["media_type"] == "text/csv;été.csv"
    answer = client("GET", f"/files/{ref['sha256']}")
    assert (answer.data, answer.headers["Content-Type"]) == (content, "text/csv")
    disposition = answer.headers["Content-Disposition"]
    assert 'filename="_OEil_ ete; 1.csv"' in disposition
    named = "filename*=UTF-8''%22%C5%92il%22%20%C3%A9t%C3%A9%3B%20%C2%AB1%C2%BB.csv"
    assert disposition.endswith(named)
    assert problem(client("GET", f"/files/{'0' * 64}"))["status"] == 404


def test_file_of_a_type_that_is_not_declared_is_mere_bytes(client: Client) -> None:
    """A browser saves it, whatever its maker says that it is."""
    headers = client("GET", "/strange").headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["X-Content-Type-Options"] == "nosniff"
    paths = client("GET", "/openapi.json").json()["paths"]
    declared = paths["/strange"]["get"]["responses"]["200"]["content"]
    assert set(declared) == {"text/csv", "application/octet-stream"}


def test_wrong_form_names_its_fault_and_keeps_nothing(client: Client) -> None:
    """A form that does not fit, is cut short or is none is refused and its file is forgotten."""
    file, before = ("file", ("x", b"zz", "text/csv")), len(client.stored_files())
    forms: list[tuple[Fields, int, str | None]] = [
        ([METADATA], 422, "file"),
        ([file], 422, "metadata"),
        ([METADATA, ("file", ("x", b"", "text/csv"))], 422, "file"),
        ([METADATA, METADATA, file], 422, "metadata"),
        ([METADATA, file, file], 422, "file"),
        ([METADATA, ("other", "zz")], 422, "other"),
        ([("metadata", '{"title": ""}'), file], 422, "title"),
        ([("metadata", "{"), file], 400, None),
    ]
    for fields, status, field in forms:
        answer = upload(client, *fields)
        assert (answer.status, problem(answer).get("field")) == (status, field)
    for body in (b"", b"no boundary", b"--x\r\nA: b\r\n\r\nc\r\n--x"):
        answer = client("POST", "/files", body=body, headers={"Content-Type": FORM})
        assert problem(answer)["status"] in {400, 422}
    for kind in ("application/json", "multipart/form-data", "multipart/mixed; boundary=x"):
        answer = client("POST", "/files", body=b"x", headers={"Content-Type": kind})
        assert problem(answer)["status"] == 415
    assert client.temporary_files() == []
    assert len(client.stored_files()) == before


def test_announced_oversize_is_refused_before_it_is_sent(client: Client) -> None:
    """A client that asks first (100-continue) never sends the bytes."""
    lines = (f"Content-Type: {FORM}", "Expect: 100-continue")
    head = client.head("POST", "/files", *lines, f"Content-Length: {10 * UPLOAD_BYTES}")
    with client.raw(head) as connection:
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 413 ")
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (document["detail"], document["field"]) == ("le fichier dépasse 20 Mo", "file")


def test_oversize_without_length_is_413_and_leaves_nothing(client: Client) -> None:
    """The limit holds while the bytes come."""

    def body() -> Iterator[bytes]:
        yield FILE
        for _ in range(UPLOAD_BYTES // 1_000_000 + 2):
            yield b"y" * 1_000_000

    answer = client("POST", "/files", body=body(), headers={"Content-Type": FORM})
    assert (problem(answer)["status"], problem(answer)["field"]) == (413, "file")
    assert problem(answer)["detail"] == "le fichier dépasse 20 Mo"
    assert client.temporary_files() == []


def test_client_gone_during_upload_leaves_nothing(client: Client) -> None:
    """The temporary file appears while bytes come and goes with the client."""
    head = client.head("POST", "/files", f"Content-Type: {FORM}", "Content-Length: 9000000")
    with client.raw(head, FILE, b"y" * 2_000_000):
        eventually(client.temporary_files, what="the upload has begun")
    eventually(lambda: not client.temporary_files(), what="the upload is forgotten")
    assert client("GET", "/things").status == 200


def test_upload_does_not_fill_the_memory(client: Client) -> None:
    """A file passes through in pieces."""
    process = psutil.Process(client.service.pid)
    before = process.memory_info().rss
    content = b"0123456789abcdef" * (UPLOAD_BYTES // 16)
    for _ in range(2):
        assert upload(client, METADATA, ("file", ("x", content, "text/csv"))).status == 202
    assert process.memory_info().rss - before < UPLOAD_BYTES / 2


def test_upload_needs_a_token_before_its_first_byte(
    client: Client, token: Callable[..., str]
) -> None:
    """Nothing of a stranger's file is read."""
    answer = upload(client, METADATA, ("file", ("x", b"1" * 5_000_000, "text/csv")), token=None)
    assert problem(answer)["status"] == 401
    assert upload(client, METADATA, ("file", ("x", b"1", "")), token=token("mbr_2")).status == 202
