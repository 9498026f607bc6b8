"""A job: how far it is, what it made, and what of it may leave."""

import csv
import io
import re
from collections.abc import Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import NamedTuple

from starlette.responses import Response, StreamingResponse

from services.portal.download import PICTURES, download
from services.portal.french import count
from services.portal.lab import Json, Service, path_of
from services.portal.lab.lab_calls import if_seen, pieces_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post
from shared.engine.tables.column_names import named_kind
from shared.language.french import french_list, grouped

_SHOWN = 50
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,99})(?:\.\d+)?")
"""One as people read them: what is longer is shown as it stands."""
_WHOLE = re.compile(r"-?\d+(?:\.0+)?")
_MOST_DIGITS = 15
_DECIMALS, _SIGNIFICANT = 6, 3
"""So many digits after the comma at most, or as many as a small number needs to have these."""

_CODE_LENGTHS = frozenset({4, 5, 9, 14})
"""Years, codes of communes and postcodes, SIREN and SIRET."""


class FirstRows(NamedTuple):
    """The head of a table and its first rows; whether there are more."""

    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    is_cut: bool = False


def first_rows(text: bytes, most_bytes: int) -> FirstRows:
    """The first rows of what begins a CSV file, of which so many bytes count."""
    is_cut = len(text) > most_bytes
    lines = text[:most_bytes].decode("utf-8-sig", "ignore").splitlines(keepends=True)
    read = csv.reader(io.StringIO("".join(lines[:-1] if is_cut else lines)), delimiter=";")
    rows = [row for row, _ in zip(read, range(_SHOWN + 2), strict=False)]
    if not rows:
        return FirstRows()
    head, rows = rows[0], rows[1:]
    return FirstRows(head, as_read(head, rows)[:_SHOWN], is_cut or len(rows) > _SHOWN)


def as_read(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return rows as people read them, column by column: these are numbers, or they are not."""
    columns = [
        _written(name, values) for name, values in zip(head, zip(*rows, strict=False), strict=False)
    ]
    return list(zip(*columns, strict=True)) if rows else []


def _written(name: str, values: Sequence[str]) -> Sequence[str]:
    """Return a column as people read it; numbers get a decimal comma and thousands spaces."""
    filled_cells = [cell for cell in values if cell]
    if (
        not filled_cells
        or not all(map(_NUMBER.fullmatch, filled_cells))
        or not _is_of_numbers(name, filled_cells)
    ):
        return values
    if all(map(_WHOLE.fullmatch, filled_cells)):
        return [cell and _grouped(cell.partition(".")[0]) for cell in values]
    return [cell and _with_comma(cell) for cell in values]


def _is_of_numbers(name: str, cells: Sequence[str]) -> bool:
    """Return whether the cells are counts or measures, rather than codes or years."""
    if any("." in cell for cell in cells):
        return True
    lengths = {len(cell) for cell in cells}
    is_code = named_kind(name) or max(lengths) > _MOST_DIGITS
    return not is_code and (len(lengths) > 1 or not lengths & _CODE_LENGTHS)


def _grouped(whole: str) -> str:
    return grouped(int(whole)).replace("-", "\u2212")


def _with_comma(number: str) -> str:
    value = Decimal(number)
    places = max(_DECIMALS, _SIGNIFICANT - 1 - value.adjusted())
    whole, _, fraction = f"{value:.{places}f}".partition(".")
    sign = "\u2212" if whole.startswith("-") else ""
    fraction = fraction.rstrip("0")
    return f"{sign}{grouped(abs(int(whole)))}{',' if fraction else ''}{fraction}"


_MANIFEST = "manifest.json"
_TABLE, _SHOWN_BYTES = "result.csv", 64_000
_NO_CONTENT = 204


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show a job with its log, and its result when there is one."""
    job_id = visit.part("job_id")
    job = await visit.lab.get("compute", path_of("jobs", job_id))
    # What is withheld, or was deleted with its data, has no files any more.
    is_out = job["state"] == "succeeded" and not job["is_held"] and bool(job["result"])
    table = await first_rows_of_job(visit, job_id, job) if is_out else FirstRows()
    read = await _rows_read(visit, job_id) if is_out and job["kind"] == "trial" else ""
    variables = {"job": job, "files": job_files(job), "table": table, "read": read}
    # The part that changes is asked for alone while the job goes on.
    name = "live.html" if visit.request.headers.get("HX-Request") else "show.html"
    return visit.page(f"results/{name}", faults.status, faults=faults, **variables)


async def follow(visit: Visit) -> Response:
    """What happens to a job, as server-sent events."""
    path = path_of("jobs", visit.part("job_id"), "events")
    last = visit.request.headers.get("Last-Event-ID", "")
    response = await visit.lab.open("compute", path, last_event_id=last)
    if response.status == _NO_CONTENT:
        response.release()
        return Response(status_code=_NO_CONTENT)
    return StreamingResponse(pieces_of(response), media_type="text/event-stream")


async def read_file(visit: Visit) -> Response:
    """A file of a result."""
    path = path_of("jobs", visit.part("job_id"), "result")
    asked = {"name": visit.asked("nom"), "format": visit.asked("format")}
    return await download(visit, "compute", path, **asked)


async def cancel(visit: Visit) -> Response:
    """Stop a job."""
    job_id = visit.part("job_id")
    await visit.lab.post("compute", path_of("jobs", job_id, "cancel"))
    return visit.go(f"/resultats/{job_id}", "Le calcul s'arrête.")


@faults_on(show)
async def answer(visit: Visit) -> Response:
    """Answer what a reviewer asked about the result."""
    job_id = visit.part("job_id")
    body = {"answer": visit.text("answer")}
    await visit.lab.post("compute", path_of("jobs", job_id, "release-answer"), body)
    return visit.go(f"/resultats/{job_id}", "Votre réponse est envoyée au relecteur.")


@faults_on(show)
async def run_again(visit: Visit) -> Response:
    """Run a project's full job once more; sent twice, the form starts one."""
    job_id = visit.part("job_id")
    job = await visit.lab.get("compute", path_of("jobs", job_id))
    new = await visit.lab.post("compute", "/jobs", {"project_id": job["project_id"]}, job_id)
    return visit.go(f"/resultats/{new['id']}", "Le calcul est relancé.")


@faults_on(show)
async def rerun(visit: Visit) -> Response:
    """Make a stale result anew; while its job runs, sent again it leads there."""
    job_id = visit.part("job_id")
    new = await visit.lab.post("compute", path_of("jobs", job_id, "rerun"))
    return visit.go(f"/resultats/{new['id']}", "Le résultat est recalculé.")


def job_files(job: Json) -> list[Json]:
    """Return the files that a job made, and which of them browsers show."""
    return [
        {**output, "is_picture": output["file"]["media_type"] in PICTURES}
        for output in job["outputs"]
        if not output["is_internal"]
    ]


async def _rows_read(visit: Visit, job_id: str) -> str:
    """Say in French which rows a trial read; empty if that is unknown."""
    path = path_of("jobs", job_id, "result")
    manifest = await if_seen(visit.lab.get("compute", path, name=_MANIFEST))
    if manifest is None:
        return ""
    if any(source.get("is_invented") for source in manifest.get("inputs", ())):
        return "des lignes inventées"
    samples = [report["sample"] for report in manifest["reports"] if "sample" in report]
    phrases = [
        f"{grouped(sample['rows'])} des {count(sample['of'], 'ligne')}" for sample in samples
    ]
    return french_list(list(dict.fromkeys(phrases))) or "toutes les lignes"


async def first_rows_of_job(visit: Visit, job_id: str, job: Json) -> FirstRows:
    """Return the first rows of the job's table; none if it has no table."""
    if not any(file["name"] == _TABLE for file in job_files(job)):
        return FirstRows()
    return await read_first_rows(visit, "compute", path_of("jobs", job_id, "result"), name=_TABLE)


async def read_first_rows(visit: Visit, service: Service, path: str, **query: str) -> FirstRows:
    """Return the first rows of the CSV file at that path of a service; raises Refused or Away."""
    text = b""
    async with aclosing(pieces_of(await visit.lab.open(service, path, **query))) as pieces:
        async for piece in pieces:
            text += piece
            if len(text) > _SHOWN_BYTES:
                break
    return first_rows(text, _SHOWN_BYTES)


ROUTES = [
    get("/resultats/{job_id}", show),
    get("/resultats/{job_id}/evenements", follow),
    get("/resultats/{job_id}/fichier", read_file),
    post("/resultats/{job_id}/arret", cancel),
    post("/resultats/{job_id}/relance", run_again),
    post("/resultats/{job_id}/renouvellement", rerun),
    post("/resultats/{job_id}/reponse", answer),
]
