"""The catalogue: search with facets, a dataset's page, and what projects gave back."""

from starlette.responses import Response

from services.portal.download import download
from services.portal.file_reading import FileReading
from services.portal.lab import path_of
from services.portal.lab.lab_calls import if_seen
from services.portal.pages.data import project_of
from services.portal.visit import Visit, get

_FACETS = ("theme", "territory", "licence", "producer", "format", "key", "updated_within")
_SHOWN_JOINS = 10
_PROJECTS, _FILES = 20, 50


async def search(visit: Visit) -> Response:
    """Search datasets; show why each one matches, and the facets that narrow the list."""
    chosen = {name: visit.asked(name) for name in _FACETS}
    query = {"q": visit.asked("q"), "after": visit.asked("after"), "limit": 20, "facets": True}
    dataset_page = await visit.lab.get("catalog", "/datasets", **query, **chosen)
    asked = {"q": visit.asked("q"), **chosen}
    variables = {"q": visit.asked("q"), "chosen": chosen, "asked": asked, "found": dataset_page}
    # Who types sees the list change; without a script the button sends the same form.
    if visit.request.headers.get("HX-Request"):
        return visit.page("catalogue/found.html", **variables)
    return visit.page("catalogue/search.html", **variables)


async def show(visit: Visit) -> Response:
    """Show one dataset: its content, its terms of use and its possible joins."""
    path = path_of("datasets", visit.part("dataset_id"))
    asked = {"dataset": visit.lab.get("catalog", path)}
    if visit.person:
        asked["joins"] = visit.lab.get("catalog", f"{path}/joins", limit=_SHOWN_JOINS)
        asked["recipes"] = visit.lab.get("catalog", f"{path}/recipes")
        # Where one may use them, as long as a project's treatment is its holder's to choose.
        asked["projects"] = visit.lab.get("intake", "/projects", stage="advised", limit=_PROJECTS)
        asked["opening"] = if_seen(visit.lab.get("catalog", f"{path}/opening"))
    parts = await visit.lab.parts(**asked)
    dataset = parts["dataset"].value
    # Only who signed in may know what members are called.
    is_named = bool(dataset and visit.person and not dataset.get("producer"))
    names = await visit.names([dataset["owner_id"]] if is_named else [])
    versions = dataset["versions"] if dataset else []
    newest = next((version for version in reversed(versions) if version["profile"]), None)
    if newest and dataset.get("content") == "files" and visit.person:
        # Where persons are in them, their names are for those who may read them.
        listed = if_seen(visit.lab.get("catalog", f"{path}/files", limit=_FILES))
        parts |= await visit.lab.parts(listed=listed)
    project = await project_of(visit, dataset) if dataset else None
    kept = FileReading(dataset).kept if dataset else []
    parts |= {"newest": newest, "names": names, "project": project, "kept": kept}
    return visit.page("catalogue/dataset.html", **parts)


async def difference(visit: Visit) -> Response:
    """Show what a version changed of another: by default the newest of the one before it."""
    path = path_of("datasets", visit.part("dataset_id"))
    versions = {"from": visit.asked("de"), "to": visit.asked("a")}
    parts = await visit.lab.parts(
        dataset=visit.lab.get("catalog", path),
        difference=visit.lab.get("catalog", f"{path}/difference", **versions),
    )
    dataset = parts["dataset"].value
    kept = [(number, str(number)) for number in FileReading(dataset).kept] if dataset else []
    return visit.page("catalogue/difference.html", **parts, kept=kept)


async def table(visit: Visit) -> Response:
    """The rows of a dataset, in the format that the address names."""
    path = path_of("datasets", visit.part("dataset_id"), "table")
    return await download(visit, "catalog", path, format=visit.asked("format", "csv"))


async def file(visit: Visit) -> Response:
    """A file of a dataset that is files, or one that came with a result."""
    name = visit.asked("nom")
    path = path_of("datasets", visit.part("dataset_id"), "files", name)
    return await download(visit, "catalog", path)


async def deliveries(visit: Visit) -> Response:
    """List the services that projects delivered, open to all."""
    delivery_page = await visit.lab.get(
        "catalog", "/datasets", delivered=True, after=visit.asked("after"), limit=20
    )
    return visit.page("deliveries/list.html", found=delivery_page)


ROUTES = [
    get("/catalogue", search, public=True),
    get("/catalogue/{dataset_id}", show, public=True),
    get("/catalogue/{dataset_id}/changements", difference, public=True),
    get("/catalogue/{dataset_id}/table", table, public=True),
    get("/catalogue/{dataset_id}/fichier", file, public=True),
    get("/services", deliveries, public=True),
]
