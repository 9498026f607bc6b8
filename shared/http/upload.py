"""Streams a multipart/form-data upload into the file store: metadata checked, file hashed."""

import re
from contextlib import nullcontext

from pydantic import BaseModel
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Request

from shared.errors import Invalid, Rejected, TooLarge
from shared.events.event import FileRef
from shared.http.request import JSON_BYTES, chunks
from shared.http.route import METADATA
from shared.http.turns import Turn
from shared.inbound import parse_json
from shared.storage import Storage, Writer

_MEDIA_TYPE = re.compile(r"^[\w.+-]{1,60}/[\w.+-]{1,60}$", re.ASCII)
_ODD = re.compile(r"[\x00-\x1f\x7f]")
_FRAMING_BYTES = 10_000


class Upload:
    """One upload in progress; `receive` it, then take `body`, `file` and `filename`.

    Whatever ends it early leaves no file behind.
    """

    def __init__(self, model: type[BaseModel], part: str, storage: Storage, limit: int) -> None:
        self.body: BaseModel | None = None
        self.file: FileRef | None = None
        self.file_was_stored = False
        self.filename = ""
        self._model, self._file_part = model, part
        self._storage, self._limit = storage, limit
        self._writer: Writer | None = None
        self._media_type = ""
        self._metadata = bytearray()
        self._header, self._headers = (bytearray(), bytearray()), dict[str, str]()
        self._name, self._complete = "", False

    def receive(self, request: Request, seconds: float, turn: Turn = nullcontext) -> None:
        """Read the whole request, each 64 kB of which have `seconds` to come, and are kept in turn.

        Raises UnsupportedMediaType, Rejected for broken multipart, Invalid naming the part or the
        metadata field at fault, TooLarge, RequestTimeout.
        """
        # The other part has a limit of its own: what is beyond both is the file.
        limit = self._limit + JSON_BYTES + _FRAMING_BYTES
        large = TooLarge.beyond(self._limit, "le fichier", self._file_part)
        try:
            parser = self._parser(request)
            for piece in chunks(request, limit, large, seconds):
                with turn():
                    parser.write(piece)
            with turn():
                self._finish()
        except FormParserError as error:
            raise Rejected(f"le corps multipart est abîmé : {error}") from error
        finally:
            # Whatever is not finished is forgotten.
            if self._writer is not None:
                self._writer.abort()

    def _parser(self, request: Request) -> MultipartParser:
        kind, options = parse_options_header(request.content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise UnsupportedMediaType("envoyez du multipart/form-data avec sa limite (boundary)")
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, i, j: self._header[0].extend(data[i:j]),
                "on_header_value": lambda data, i, j: self._header[1].extend(data[i:j]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._open,
                "on_part_data": self._write,
                "on_part_end": self._close,
                "on_end": self._end,
            },
        )

    def _end_header(self) -> None:
        name, value = (bytes(part).decode("utf-8", "replace") for part in self._header)
        self._headers[name.lower()] = value
        self._header = bytearray(), bytearray()

    def _open(self) -> None:
        # The parser takes Latin-1 text, clients send file names in UTF-8.
        disposition = self._headers.get("content-disposition", "").encode()
        options = parse_options_header(disposition)[1]
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == self._file_part:
            filename = options.get(b"filename", b"").decode("utf-8", "replace")
            # HTML's way to write a quotation mark here; a per cent sign stays as it is.
            self._open_file(filename.replace("%22", '"'))
        elif self._name != METADATA:
            raise Invalid("cette partie n'est pas attendue ici", self._name)
        elif self.body is not None:
            raise Invalid("cette partie est donnée plusieurs fois", METADATA)

    def _open_file(self, filename: str) -> None:
        if self._writer is not None:
            raise Invalid("cette partie est donnée plusieurs fois", self._file_part)
        self.filename = plain_name(filename) or self._file_part
        media_type = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        match = _MEDIA_TYPE.match(media_type)
        self._media_type = media_type if match else "application/octet-stream"
        self._writer = self._storage.writer(self._limit)

    def _write(self, data: bytes, start: int, end: int) -> None:
        if self._writer is not None and self._name == self._file_part:
            self._writer.write(data[start:end])
            return
        self._metadata += data[start:end]
        if len(self._metadata) > JSON_BYTES:
            raise TooLarge.beyond(JSON_BYTES, "cette partie", METADATA)

    def _close(self) -> None:
        if self._name == METADATA:
            value = parse_json(bytes(self._metadata), f"la partie {METADATA}")
            self.body = self._model.model_validate(value)

    def _end(self) -> None:
        self._complete = True

    def _finish(self) -> None:
        if not self._complete:
            raise Rejected("le corps multipart est coupé avant sa dernière limite")
        if self.body is None:
            raise Invalid("cette partie manque", METADATA)
        if self._writer is None:
            raise Invalid("cette partie manque", self._file_part)
        self.file_was_stored = self._writer.is_stored()
        writer, self._writer = self._writer, None
        self.file = writer.commit(self._media_type)


def plain_name(filename: str) -> str:
    """A file's own name: no folders, no control characters, at most 200 characters."""
    return _ODD.sub("", re.split(r"[/\\]", filename)[-1]).strip()[-200:]
