"""What a reviewer decides by: the table, what rules say of it, and what left before."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from starlette.responses import Response

from services.portal.french import RULES, count, named
from services.portal.lab import Json, path_of
from services.portal.lab.lab_calls import if_seen
from services.portal.pages.projects.results import FirstRows, as_read, first_rows_of_job, job_files
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post

_SHOWN = 50
_MARKED = "marquees"
"""What the address says to show the rows with marks alone."""


class ReviewedCell(NamedTuple):
    """A value as people read it, and in words the rule that it is under; empty without one."""

    value: str
    mark: str = ""


class TableOfReview(NamedTuple):
    """The rows that may leave, those under a rule first, and how many there are of each."""

    head: Sequence[str] = ()
    rows: Sequence[Sequence[ReviewedCell]] = ()
    all_rows: int = 0
    marked_rows: int = 0
    marked_cells: int = 0

    @property
    def cells(self) -> int:
        """Return how many cells leave."""
        return self.all_rows * len(self.head)


class Difference(NamedTuple):
    """How a result differs from one that left before, and what both together would tell."""

    earlier: Json
    here: Json
    sentence: str
    is_telling: bool


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show what would leave, what the rules say of it, and how it differs from what left before."""
    job_id = visit.part("job_id")
    asked = await visit.lab.get("compute", path_of("release-requests", job_id))
    waits = not asked["decision"]
    reviewed = await _reviewed(visit, job_id) if waits else TableOfReview()
    has_rows = bool(reviewed.head) or not waits
    variables = {
        "reviewed": reviewed,
        "only_marked": visit.asked("lignes") == _MARKED,
        "table": FirstRows() if has_rows else await first_rows_of_job(visit, job_id, asked),
        "files": job_files(asked) if waits else [],
        "differences": list(differences_of(asked["release"] or {})),
        "faults": faults,
        **await _named(visit, asked),
    }
    return visit.page("results/release.html", faults.status, asked=asked, **variables)


@faults_on(show)
async def decide(visit: Visit) -> Response:
    """Let a held result go, as it is or with cells masked, or keep it back."""
    body = {
        "decision": visit.text("decision"),
        "reason": visit.text("reason"),
        "version": visit.number("version"),
    }
    await visit.lab.post("compute", path_of("jobs", visit.part("job_id"), "release"), body)
    return visit.go("/revue", "Votre décision est enregistrée.")


@faults_on(show)
async def ask(visit: Visit) -> Response:
    """Ask the holder before deciding."""
    job_id = visit.part("job_id")
    body = {"question": visit.text("question")}
    await visit.lab.post("compute", path_of("jobs", job_id, "release-question"), body)
    return visit.go(f"/resultats/{job_id}/sortie", "Votre question est posée au porteur.")


async def _named(visit: Visit, asked: Json) -> dict[str, Json]:
    """Return what the page names: members, datasets, projects, and the grants' conditions."""
    release, decision = asked["release"] or {}, asked["decision"] or {}
    earlier = release.get("differences", ())
    dataset_ids = [entry["dataset_id"] for entry in (*release.get("entries", ()), *earlier)]
    dataset_ids += ((asked["treatment"] or {}).get("inputs") or {}).values()
    members = filter(None, {decision.get("decided_by"), asked.get("owner_id")})
    others = {difference["project_id"] for difference in earlier} - {"", asked["project_id"]}
    project_path = path_of("projects", asked["project_id"]) if asked["project_id"] else ""
    names, titles, other_titles, project = await asyncio.gather(
        visit.names(members),
        visit.lab.titles("catalog", "datasets", dict.fromkeys(dataset_ids)),
        visit.lab.titles("intake", "projects", others),
        if_seen(visit.lab.get("intake", project_path)) if project_path else _nothing(),
    )
    own_title = {asked["project_id"]: project["title"]} if project else {}
    grants = [grant for grant in (project or {}).get("accesses", ()) if grant.get("conditions")]
    projects = {**other_titles, **own_title}
    return {"names": names, "titles": titles, "projects": projects, "grants": grants}


async def _nothing() -> Json:
    return None


async def _reviewed(visit: Visit, job_id: str) -> TableOfReview:
    """Return the first rows of the table that would leave, or of those with marks all."""
    path = path_of("release-requests", job_id, "table")
    table = await if_seen(visit.lab.get("compute", path)) or {"columns": []}
    if not table["columns"]:
        return TableOfReview()
    rows = table["rows"][:_SHOWN]
    if visit.asked("lignes") == _MARKED:
        rows = [row for row in table["rows"] if row["rules"]]
    numbers = (table["all_rows"], table["marked_rows"], table["marked_cells"])
    return TableOfReview(table["columns"], _cells(table["columns"], rows), *numbers)


def _cells(head: Sequence[str], rows: Sequence[Json]) -> list[list[ReviewedCell]]:
    """Return the rows as people read them, with the words of each mark."""
    texts = as_read(head, [[value or "" for value in row["values"]] for row in rows])
    return [
        [
            ReviewedCell(text, _mark(row["rules"].get(name, ""), row["units"].get(name, 0)))
            for name, text in zip(head, values, strict=True)
        ]
        for row, values in zip(rows, texts, strict=True)
    ]


def _mark(rule: str, units: int) -> str:
    """Say in French which rule a figure is under, and of how many units it is."""
    if not rule:
        return ""
    return f"{named(rule, RULES)} : {units}" if rule == "units" else _with_units(rule, units)


def _with_units(rule: str, units: int) -> str:
    return f"{named(rule, RULES)} ; {count(units, 'unité')}"


def differences_of(release: Json) -> Iterator[Difference]:
    """Yield how a result differs from each that left before, those of few units first."""
    entries = release.get("entries", ())
    for earlier in release.get("differences", ()):
        here = _entry(entries, earlier)
        only = earlier["only_here"] + earlier["only_there"]
        is_few = 0 < only < here["minimum_units"]
        is_telling = bool(earlier["in_both"] and is_few)
        yield Difference(earlier, here, _told_difference(earlier), is_telling)


def _entry(entries: Iterable[Json], earlier: Json) -> Json:
    """Return the entry of this result that is compared: of its data, with the same figures."""
    figures = set(earlier["figures"])
    unknown = {"by": (), "filters": "", "minimum_units": 1}
    return next(
        (
            entry
            for entry in entries
            if entry["dataset_id"] == earlier["dataset_id"] and figures & set(entry["figures"])
        ),
        unknown,
    )


def _of_other_version(earlier: Json) -> bool:
    return bool(earlier["earlier_version"] and earlier["earlier_version"] != earlier["version"])


def _told_difference(earlier: Json) -> str:
    """Say in French what one reads who has both results and takes one from the other."""
    both, here, there = earlier["in_both"], earlier["only_here"], earlier["only_there"]
    if not earlier["is_comparable"]:
        return (
            "D'une autre version, sans colonne qui dise à qui sont les lignes : rien ne dit combien"
            " d'unités ont changé."
        )
    if not (here or there) and _of_other_version(earlier):
        return (
            f"Les mêmes {count(both, 'unité')}, d'une autre version : ce qui y a changé pour peu"
            " d'entre elles se lirait dans la différence."
        )
    if not (here or there):
        return f"Les mêmes {count(both, 'unité')} : la différence des totaux ne dit rien."
    if not both:
        return (
            f"Aucune unité commune ({here} ici, {there} là) : la différence ne dit rien de plus"
            " que les deux résultats."
        )
    sides = (f"{here} seulement ici" if here else "", f"{there} seulement là" if there else "")
    parts = ", ".join(filter(None, (f"{count(both, 'unité')} dans les deux", *sides)))
    only = here + there
    if only == 1:
        whose = "dirait les chiffres de cette unité"
    elif here and there:
        whose = f"ne tiendrait qu'à ces {only} unités"
    else:
        whose = f"dirait les chiffres de ces {only} unités ensemble"
    return f"{parts} : la différence des deux résultats {whose}."


ROUTES = [
    get("/resultats/{job_id}/sortie", show),
    post("/resultats/{job_id}/sortie", decide),
    post("/resultats/{job_id}/question", ask),
]
"""For reviewers, who do not decide on their own case."""
