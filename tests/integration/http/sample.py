"""A service with every kind of route, for the tests of shared.http."""

import logging
from pathlib import Path

import eventlet
from pydantic import BaseModel, ConfigDict, Field

from shared import trace
from shared.errors import Invalid, WrongStage
from shared.events import FileRef
from shared.http import Call, Download, http
from shared.messaging import Config, Files
from shared.settings import Settings
from shared.storage import Storage

log = logging.getLogger("services.sample")


class NewThing(BaseModel):
    """What a caller says about a thing."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1)
    sizes: list[int] = []
    extra: dict[str, object] = {}


class Thing(NewThing):
    """A thing as it is kept."""

    id: str
    owner: str
    trace: str = ""


class Search(BaseModel):
    """What things to list."""

    q: str = ""
    theme: list[str] = []
    limit: int = Field(default=50, ge=1, le=100)


class Sample:
    """Answers with what it was given."""

    name = "sample"
    files: Storage = Files()
    settings: Settings = Config()

    @http("POST", "/things", body=NewThing, returns=Thing, status=201, roles={"holder"})
    def make(self, call: Call) -> Thing:
        """Make a thing.

        It is not kept.
        """
        traceparent = trace.traceparent.get()
        return Thing(
            id="thg_1", owner=call.caller.member_id, trace=traceparent, **call.body.model_dump()
        )

    @http("GET", "/things", query=Search, returns=Search)
    def search(self, call: Call) -> Search:
        """Repeat the search."""
        query: Search = call.query
        return query

    @http("GET", "/things/{thing_id}", returns=Thing)
    def read(self, call: Call, thing_id: str) -> Thing:
        """Read a thing."""
        return Thing(id=thing_id, owner=call.caller.member_id, title="one")

    @http("DELETE", "/things/{thing_id}")
    def remove(self, call: Call, thing_id: str) -> None:
        """Remove a thing."""

    @http("POST", "/faults/{kind}")
    def fail(self, call: Call, kind: str) -> None:  # noqa: ARG002
        """Fail in the way that is asked for."""
        if kind == "stage":
            raise WrongStage("the thing is closed")
        if kind == "invalid":
            raise Invalid("is not known", "theme")
        if kind == "model":
            NewThing.model_validate({"title": ""})
        raise RuntimeError("the inside of the service")

    @http("POST", "/files", body=NewThing, upload="file", returns=FileRef, status=202)
    def store(self, call: Call) -> FileRef:
        """Store a file."""
        file: FileRef = call.file
        return file.model_copy(update={"media_type": f"{file.media_type};{call.filename}"})

    @http("GET", "/files/{sha256}", returns=Download, sends=("text/csv",))
    def load(self, call: Call, sha256: str) -> Download:  # noqa: ARG002
        """Send a file."""
        chunks = self.files.chunks(FileRef(sha256=sha256, size=1))
        return Download(chunks=chunks, media_type="text/csv", filename='"Œil" été; «1».csv')

    @http("GET", "/strange", returns=Download, sends=("text/csv",))
    def load_strange(self, call: Call) -> Download:  # noqa: ARG002
        """Send a file whose maker says that it is a page."""
        return Download(chunks=[b"<script>"], media_type="text/html")

    @http("POST", "/held", returns=Search)
    def hold(self, call: Call) -> Search:  # noqa: ARG002
        """Keep a worker until the test lets it go."""
        log.info("a worker is taken")
        released = Path(self.files.path("released"))
        while not released.exists():
            eventlet.sleep(0.02)
        return Search()
