"""A job: how far it is, what it made, and what of it may leave."""

from contextlib import aclosing

from starlette.responses import Response, StreamingResponse

from services.portal.download import PICTURES, download
from services.portal.french import count
from services.portal.lab import Json, path_of
from services.portal.lab.lab_calls import if_seen, pieces_of
from services.portal.pages.projects.result_table import FirstRows, first_rows
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post
from shared.language.french import french_list, grouped

_MANIFEST = "manifest.json"
_TABLE, _SHOWN_BYTES = "result.csv", 64_000
_NO_CONTENT = 204


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show a job with its log, and its result when there is one."""
    job_id = visit.part("job_id")
    job = await visit.lab.get("compute", path_of("jobs", job_id))
    # What is withheld, or was deleted with its data, has no files any more.
    is_out = job["state"] == "succeeded" and not job["is_held"] and bool(job["result"])
    table = await _first_rows(visit, job_id, job) if is_out else FirstRows()
    read = await _rows_read(visit, job_id) if is_out and job["kind"] == "trial" else ""
    variables = {"job": job, "files": _files(job), "table": table, "read": read}
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
async def run_again(visit: Visit) -> Response:
    """Run a project's full job once more; sent twice, the form starts one."""
    job_id = visit.part("job_id")
    job = await visit.lab.get("compute", path_of("jobs", job_id))
    new = await visit.lab.post("compute", "/jobs", {"project_id": job["project_id"]}, job_id)
    return visit.go(f"/resultats/{new['id']}", "Le calcul est relancé.")


async def show_release(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the checks of a held result, rule by rule."""
    job_id = visit.part("job_id")
    asked = await visit.lab.get("compute", path_of("release-requests", job_id))
    by = asked["decision"]["decided_by"] if asked["decision"] else ""
    named = [entry["dataset_id"] for entry in (asked.get("release") or {}).get("entries", ())]
    named += ((asked["treatment"] or {}).get("inputs") or {}).values()
    projects = [asked["project_id"]] if asked["project_id"] else []
    waits = not asked["decision"]
    variables = {
        "names": await visit.names([by] if by else []),
        "titles": await visit.lab.titles("catalog", "datasets", named),
        "projects": await visit.lab.titles("intake", "projects", projects),
        "table": await _first_rows(visit, job_id, asked) if waits else FirstRows(),
        "files": _files(asked) if waits else [],
        "faults": faults,
    }
    return visit.page("results/release.html", faults.status, asked=asked, **variables)


@faults_on(show_release)
async def decide(visit: Visit) -> Response:
    """Let a held result go, or keep it back."""
    body = {
        "decision": visit.text("decision"),
        "reason": visit.text("reason"),
        "version": visit.number("version"),
    }
    await visit.lab.post("compute", path_of("jobs", visit.part("job_id"), "release"), body)
    return visit.go("/revue", "Votre décision est enregistrée.")


def _files(job: Json) -> list[Json]:
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
    samples = [report["sample"] for report in manifest["reports"] if "sample" in report]
    phrases = [
        f"{grouped(sample['rows'])} des {count(sample['of'], 'ligne')}" for sample in samples
    ]
    return french_list(list(dict.fromkeys(phrases))) or "toutes les lignes"


async def _first_rows(visit: Visit, job_id: str, job: Json) -> FirstRows:
    """Return the first rows of the job's table; none if it has no table."""
    if not any(file["name"] == _TABLE for file in _files(job)):
        return FirstRows()
    text = b""
    path = path_of("jobs", job_id, "result")
    async with aclosing(pieces_of(await visit.lab.open("compute", path, name=_TABLE))) as pieces:
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
    get("/resultats/{job_id}/sortie", show_release),
    post("/resultats/{job_id}/sortie", decide),
]
