"""Calls the services' HTTP API; whatever fails becomes one sentence."""

import json
import mimetypes
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import urllib3

_CHUNK = 1 << 16
_AS_TYPED = "surrogateescape"  # what the shell gave us may not be UTF-8
_NOTHING, _REFUSED, _FAILED = 204, 300, 500
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")  # RFC 9110, in ISO 8859-1
_TIMEOUT = urllib3.Timeout(connect=5, read=60)


Answer = Any
"""JSON, as a service answers it."""


class CallError(Exception):
    """A call that failed, in words for the person who made it; 0 when no service answered it."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NoAnswer(CallError):
    """A service that does not answer now; it may later."""


class ServerEvent(NamedTuple):
    """One server-sent event; `data` is what its JSON holds."""

    id: str
    kind: str
    data: Answer


class Client:
    """The four services at `urls`, called with the token that `token()` gives."""

    def __init__(self, urls: Mapping[str, str], token: Callable[[], str]) -> None:
        self._urls, self._token = urls, token
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def get(self, service: str, path: str, **query: object) -> Answer:
        """What GET answers; parameters that are None or empty are not sent."""
        return _json(self._send(service, "GET", path, query=query))

    def every(self, service: str, path: str, **query: object) -> Iterator[Answer]:
        """The items of a list, page after page."""
        after = ""
        while after is not None:
            page = self.get(service, path, **query, after=after)
            yield from page["items"]
            after = page["next"]

    def text(self, service: str, path: str, **query: object) -> str:
        """What GET answers, as it is written."""
        return self._send(service, "GET", path, query=query).data.decode()

    def post(
        self,
        service: str,
        path: str,
        body: Mapping[str, object] | None = None,
        idempotency_key: str = "",
    ) -> Answer:
        """What POST answers; the same key, if any, does it once."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return _json(self._send(service, "POST", path, json=body, headers=headers))

    def patch(self, service: str, path: str, body: Mapping[str, object]) -> Answer:
        """What PATCH answers."""
        return _json(self._send(service, "PATCH", path, json=body))

    def put(self, service: str, path: str, body: Mapping[str, object]) -> Answer:
        """What PATCH answers."""
        return _json(self._send(service, "PUT", path, json=body))

    def delete(self, service: str, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """What DELETE answers, if anything."""
        return _json(self._send(service, "DELETE", path, json=body))

    def upload(self, service: str, path: str, metadata: Mapping[str, object], file: Path) -> Answer:
        """POST a file with its metadata, piece by piece."""
        boundary = secrets.token_hex(16)
        head, tail = _form(boundary, metadata, file)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + file.stat().st_size + len(tail)),
        }
        with file.open("rb") as source:
            body = chain([head], iter(partial(source.read, _CHUNK), b""), [tail])
            return _json(self._send(service, "POST", path, body=body, headers=headers))

    def download(self, service: str, path: str, target: Path, **query: object) -> int:
        """GET a file into `target`, which appears when it is complete; its size in bytes."""
        response = self._send(service, "GET", path, query=query, preload_content=False)
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as file:
                shutil.copyfileobj(response, file, _CHUNK)
            part.replace(target)
        except urllib3.exceptions.HTTPError as error:
            raise CallError(f"the download broke off: {error}") from error
        except OSError as error:
            raise CallError(f"{target} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            response.close()
        return target.stat().st_size

    def events(self, service: str, path: str, after: str) -> Iterator[ServerEvent] | None:
        """The server-sent events of a GET, as they come, after that id; None when there are none.

        Raises Away when the stream breaks.
        """
        headers = {"Last-Event-ID": after} if after else {}
        response = self._send(service, "GET", path, headers=headers, preload_content=False)
        if response.status == _NOTHING:
            response.release_conn()
            return None
        return _events_of(response)

    def _send(
        self,
        service: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401 - urllib3's
    ) -> urllib3.BaseHTTPResponse:
        url = self._urls[service].rstrip("/") + path + _query(query or {})
        sent = {"Authorization": f"Bearer {self._token()}", **(headers or {})}
        for name, value in sent.items():
            if not _FIELD_VALUE.fullmatch(value):
                what = "the token" if name == "Authorization" else name
                raise CallError(f"{what} holds a line break or characters that HTTP cannot carry")
        try:
            response = self._pool.request(method, url, headers=sent, **options)
        except UnicodeEncodeError as error:
            raise CallError("what is to be sent holds bytes that are not UTF-8") from error
        except urllib3.exceptions.ReadTimeoutError as error:
            raise NoAnswer(f"{service} did not answer in time at {self._urls[service]}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(
                f"{service} cannot be reached at {self._urls[service]}; "
                "is the stack up (datalab status)?"
            ) from error
        if response.status >= _FAILED:
            raise NoAnswer(_told(service, response.status, response.data), response.status)
        if response.status >= _REFUSED:
            raise CallError(_told(service, response.status, response.data), response.status)
        return response


def path_of(*parts: str) -> str:
    """A path of these parts, each quoted: an identifier never reaches into another route."""
    if not all(parts):
        raise CallError("the id is empty")
    return "".join(f"/{quote(part, safe='', errors=_AS_TYPED)}" for part in parts)


def _events_of(response: urllib3.BaseHTTPResponse) -> Iterator[ServerEvent]:
    """The events of a stream, of one line of data each; comments are left out."""
    fields: dict[str, str] = {}
    try:
        for line in response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                data = json.loads(fields.pop("data"))
                yield ServerEvent(fields["id"], fields["event"], data)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NoAnswer(f"the stream of events broke off: {error}") from error
    finally:
        response.close()


def _query(query: Mapping[str, object]) -> str:
    parameters = {name: value for name, value in query.items() if value not in (None, "", False)}
    return f"?{urlencode(parameters, doseq=True, errors=_AS_TYPED)}" if parameters else ""


def _json(response: urllib3.BaseHTTPResponse) -> Answer:
    try:
        return json.loads(response.data) if response.data else None
    except ValueError as error:
        raise CallError("the answer is not JSON; is this the address of a service?") from error


def _told(service: str, status: int, body: bytes) -> str:
    """What a problem says: its detail, and the field at fault."""
    try:
        problem = json.loads(body)
        field = problem.get("field")
        return f"{field}: {problem['detail']}" if field else str(problem["detail"])
    except (ValueError, KeyError, AttributeError):
        return f"{service} answered with HTTP status {status}"


def _form(boundary: str, metadata: Mapping[str, object], file: Path) -> tuple[bytes, bytes]:
    """What comes before and after the file's bytes in a multipart form."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    name = file.name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n'
        f"Content-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    return head.encode(errors="replace"), f"\r\n--{boundary}--\r\n".encode()
