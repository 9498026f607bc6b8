"""One's own data: a file is put in, and what was read of it is seen, mended, decided and told."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from services.portal.describing import FREQUENCIES, LICENCES, given_of, metadata_of, sent
from services.portal.file_reading import FileReading
from services.portal.lab import Json, Refused, path_of
from services.portal.lab.lab_calls import if_seen
from services.portal.policy_form import PolicyState
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_of, faults_on, get, post
from shared.aggregate import new_id
from shared.engine.places.names import in_french
from shared.language.labels import LEGAL_BASES

_STATES = ("held", "pending", "rejected", "published", "retired")
_USES = 50
_UNPROCESSABLE = 422
_READ = "Fichier reçu : le Datalab le lit."


async def page(visit: Visit) -> Response:
    """List my datasets by state, those that wait for me first."""
    chosen = visit.asked("etat")
    states = [state for state in _STATES if chosen in {"", state}]
    query = {"owner_id": visit.member_id, "after": visit.asked("suite")}
    parts = await visit.lab.parts(
        **{state: visit.lab.get("catalog", "/datasets", state=state, **query) for state in states}
    )
    return visit.page("data/list.html", found=parts, chosen=chosen)


async def write(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the form of a new dataset, empty or as it was sent with its faults."""
    fields = (
        {**sent(visit), "sheet": visit.text("sheet")}
        if faults.message
        else {"access": "restricted", "licence": "lov2"}
    )
    return _form(visit, fields, faults)


@faults_on(write)
async def submit(visit: Visit) -> Response:
    """Upload a file as a new dataset; sending the form twice makes one dataset."""
    file = _file(visit)
    dataset = await visit.lab.upload(
        "catalog",
        "/datasets",
        {**metadata_of(visit), "sheet": visit.text("sheet")},
        file.file,
        str(file.filename),
        key=visit.text("key"),
    )
    return visit.go(f"/donnees/{dataset['id']}", _received(dataset))


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show one dataset of mine: what was read, what must be decided and who used it."""
    path = dataset_path(visit)
    dataset = await visit.lab.get("catalog", path)
    if "read_uses" not in dataset["may"]:
        return visit.go(f"/catalogue/{dataset['id']}")
    if dataset["state"] == "deleted":
        return visit.go(f"{own_path(visit)}/fin")
    parts = await visit.lab.parts(
        uses=visit.lab.get("catalog", f"{path}/uses", limit=_USES),
        releases=visit.lab.get("catalog", f"{path}/releases", limit=_USES),
        opening=visit.lab.get("catalog", f"{path}/opening"),
        policy=if_seen(visit.lab.get("catalog", f"{path}/release-policy")),
    )
    takers = {use["holder_id"] for use in parts["uses"].items}
    names = await visit.names(takers)
    fields = {name: visit.text(name) for name in ("basis", "purpose", "note", "reason", "restrict")}
    variables = {
        "reading": FileReading(dataset),
        "bases": LEGAL_BASES,
        "given": {**fields, "columns": visit.texts("columns")},
        "faults": faults,
        "names": names,
        "project": await project_of(visit, dataset),
        "state": PolicyState(parts["policy"].value) if parts["policy"].value else None,
    }
    return visit.page("data/show.html", faults.status, dataset=dataset, **parts, **variables)


async def project_of(visit: Visit, dataset: Json) -> Json:
    """Return the project that delivered the dataset, if the person may see it."""
    if not (dataset.get("project_id") and visit.person):
        return None
    projects_by_id = await visit.lab.seen("intake", "projects", [dataset["project_id"]])
    return projects_by_id[dataset["project_id"]]


async def state(visit: Visit) -> Response:
    """How far the reading is; the page is shown anew once it ended."""
    dataset = await visit.lab.get("catalog", dataset_path(visit))
    if FileReading(dataset).is_under_way:
        return visit.page("data/state.html", dataset=dataset)
    return Response(headers={"HX-Refresh": "true"})


@faults_on(show)
async def add_version(visit: Visit) -> Response:
    """Upload another version of the dataset."""
    file = _file(visit)
    texts = {name: visit.text(name) for name in ("note", "sheet")}
    fields = {**texts, "modified": visit.text("modified") or None}
    path = f"{dataset_path(visit)}/versions"
    dataset = await visit.lab.upload("catalog", path, fields, file.file, str(file.filename))
    return visit.go(own_path(visit), _received(dataset))


async def accept_repair(visit: Visit) -> Response:
    """Have a column mended as the lab proposes."""
    body = {"column": visit.text("column"), "repair": visit.text("repair")}
    return await _do(visit, "repairs", body, "Réparation acceptée : le fichier est relu.")


async def confirm_basis(visit: Visit) -> Response:
    """Say on what legal basis a version that names persons is published."""
    body = {
        **{name: visit.text(name) for name in ("basis", "purpose", "note")},
        "version": visit.number("version"),
        "restrict": bool(visit.text("restrict")),
    }
    return await _do(visit, "legal-basis", body, "La base légale est enregistrée.")


async def declare(visit: Visit) -> Response:
    """Say that what was found in columns is no personal data."""
    body = {
        "columns": visit.texts("columns"),
        "reason": visit.text("reason"),
        "version": visit.number("version"),
    }
    return await _do(visit, "not-personal", body, "Votre déclaration est enregistrée.")


async def answer(visit: Visit) -> Response:
    """Confirm or refuse what was declared, as staff, or take it back as its owner."""
    body = {
        "columns": visit.texts("columns"),
        "answer": visit.text("answer"),
        "reason": visit.text("reason"),
        "version": visit.number("version"),
    }
    return await _do(visit, "not-personal/answer", body, "Votre réponse est enregistrée.")


async def screen(visit: Visit) -> Response:
    """Have the file read and screened anew."""
    return await _do(visit, "screening", {}, "Le fichier est relu et examiné de nouveau.")


async def describe(visit: Visit) -> Response:
    """The form of what is said of a dataset, as it is."""
    dataset = await visit.lab.get("catalog", dataset_path(visit))
    return _form(visit, given_of(dataset), NO_FAULTS, dataset)


async def change(visit: Visit) -> Response:
    """Say something else of the dataset; what the form does not show stays."""
    try:
        changed = await visit.lab.patch("catalog", dataset_path(visit), metadata_of(visit))
    except Refused as refused:
        faults = faults_of(refused)
        dataset = await visit.lab.get("catalog", dataset_path(visit))
        return _form(visit, sent(visit), faults, dataset)
    return visit.go(own_path(visit), f"La description est enregistrée.{_understood(changed)}")


@faults_on(show)
async def _do(visit: Visit, command: str, body: Mapping[str, object], message: str) -> Response:
    """Run a command on the dataset of the address; its page shows a fault."""
    await visit.lab.post("catalog", f"{dataset_path(visit)}/{command}", body)
    return visit.go(own_path(visit), message)


def _file(visit: Visit) -> UploadFile:
    """The file that was chosen; raises Refused when there is none."""
    if (file := visit.file("file")) is None:
        raise Refused(_UNPROCESSABLE, "Choisissez un fichier.", "file")
    return file


def _form(
    visit: Visit, fields: Mapping[str, Any], faults: Faults, dataset: Json = None
) -> Response:
    variables = {
        "given": fields,
        "key": visit.text("key") or new_id("key"),
        "licences": LICENCES,
        "frequencies": FREQUENCIES,
        "dataset": dataset,
        "faults": faults,
        "most": visit.settings.max_upload_bytes,
    }
    name = "data/describe.html" if dataset else "data/new.html"
    return visit.page(name, faults.status, **variables)


def _received(dataset: Json) -> str:
    """Return the message after an upload, which names other datasets with the same bytes."""
    same = " ; ".join(duplicate["message"] for duplicate in dataset["same_bytes"])
    return f"{_READ}{_understood(dataset)}{f' À savoir : {same}.' if same else ''}"


def _understood(dataset: Json) -> str:
    """Which places the names in its description were taken for."""
    places = in_french(dataset["territory"])
    return f" Territoire : {places}." if places else ""


def dataset_path(visit: Visit) -> str:
    """The dataset of the address, as the catalogue has it."""
    return path_of("datasets", visit.part("dataset_id"))


def own_path(visit: Visit) -> str:
    """The page of the dataset of the address, for who it belongs to."""
    return path_of("donnees", visit.part("dataset_id"))


_ONE = "/donnees/{dataset_id}"

ROUTES = [
    get("/donnees", page),
    post("/donnees", submit, takes_file=True),
    get("/donnees/nouveau", write),
    get(_ONE, show),
    get(f"{_ONE}/etat", state),
    get(f"{_ONE}/description", describe),
    post(f"{_ONE}/description", change),
    post(f"{_ONE}/versions", add_version, takes_file=True),
    post(f"{_ONE}/reparation", accept_repair),
    post(f"{_ONE}/base-legale", confirm_basis),
    post(f"{_ONE}/declaration", declare),
    post(f"{_ONE}/declaration/reponse", answer),
    post(f"{_ONE}/examen", screen),
]
