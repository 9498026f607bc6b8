"""How the lab is doing: figures of a year for its steering committee, and a report to print."""

from starlette.responses import Response

from services.portal.download import download
from services.portal.figure_shapes import Bar, bars_of, beyond_map, map_of, said_of
from services.portal.french import count, day, duration
from services.portal.lab import Json, Refused
from services.portal.lab.lab_calls import PagePart, part_of
from services.portal.visit import NO_FAULTS, Faults, Visit, get

_PARTS = {
    "Projets": ("projects_by_stage", "projects_by_theme", "days_in_stage", "stays_in_stage"),
    "Qui est attendu": (
        "waits_by_party",
        "days_waited_by_party",
        "days_waited_by_stage",
        "owner_days",
        "minutes_to_decide",
        "results_decided",
    ),
    "Abandons": ("ends_by_stage", "ends_by_wait"),
    "Données": (
        "datasets",
        "datasets_used",
        "datasets_asked",
        "datasets_refused",
        "requests_by_answer",
        "datasets_never_crossed",
    ),
    "Services livrés": (
        "services",
        "services_stale",
        "services_stopped",
        "renewals",
        "services_silent",
    ),
    "Calcul": ("compute_by_kind", "compute_by_month", "compute_by_member", "jobs"),
    "Membres": (
        "members_by_kind",
        "members_moved",
        "members_by_part",
        "invitations",
        "invitation_days",
    ),
    "Ateliers": ("workshops", "attendance"),
}
"""The figures by the headings of the page; those of another version of notify come last."""

_GROUPS = {
    "projects_by_stage": "Étape",
    "projects_by_theme": "Thème",
    "projects_by_territory": "Territoire",
    "days_in_stage": "Étape",
    "stays_in_stage": "Étape",
    "waits_by_party": "Attendu",
    "days_waited_by_party": "Attendu",
    "days_waited_by_stage": "Étape",
    "minutes_to_decide": "Résultats",
    "results_decided": "Résultats",
    "ends_by_stage": "Étape",
    "ends_by_wait": "Attendu",
    "datasets_used": "Données",
    "datasets_asked": "Données",
    "datasets_refused": "Données",
    "datasets_never_crossed": "Données",
    "requests_by_answer": "Réponse",
    "services": "État",
    "services_silent": "Service",
    "services_stale": "Résultat",
    "services_stopped": "État",
    "renewals": "Actualisation",
    "compute_by_kind": "Calcul",
    "compute_by_month": "Mois",
    "compute_by_member": "Membre",
    "members_by_kind": "Sorte de membre",
    "members_by_part": "Part",
    "workshops": "Atelier",
}
"""What the rows of a figure are; groups, where no word is better."""

_MAP = "projects_by_territory"
_REST = "Autres chiffres"
_MEASURED = ("jours", "minutes")
"""What the unit of figures begins with whose zeros are measured, not counted."""
_SECONDS_OF_HOUR = 3600


class Figures:
    """What notify tells of a year, as the templates ask for it."""

    def __init__(self, steering: Json) -> None:
        self.year, self.ends = steering["year"], steering["ends"]
        self.is_empty, self.cut = steering["is_empty"], steering["cut"]
        years = sorted({*steering["years"], self.year}, reverse=True)
        self.years = [(str(year), str(year)) for year in years]
        until, last = day(steering["until"]), f"31/12/{self.year}"
        self.through = until if until.endswith(last[-4:]) else last
        self._by_name = {
            figure["name"]: {**figure, "rows_are": _GROUPS.get(figure["name"], "Groupe")}
            for figure in steering["figures"]
        }
        self.map = map_of(self.rows(_MAP))
        self.beyond_map = beyond_map(self.rows(_MAP))

    @property
    def parts(self) -> list[tuple[str, list[Json]]]:
        """The report's headings, each with its figures; headings without figures are left out."""
        placed_names = {name for names in _PARTS.values() for name in names} | {_MAP}
        rest = [figure for name, figure in self._by_name.items() if name not in placed_names]
        parts = [
            (title, [self._by_name[name] for name in names if name in self._by_name])
            for title, names in _PARTS.items()
        ]
        return [(title, figures) for title, figures in (*parts, (_REST, rest)) if figures]

    def figure(self, name: str) -> Json:
        """A figure; None where notify does not tell it."""
        return self._by_name.get(name)

    def rows(self, name: str) -> list[Json]:
        """The rows of a figure."""
        return list(self._by_name[name]["rows"]) if name in self._by_name else []

    def bars(self, name: str) -> list[Bar]:
        """The rows of a figure as bars; none where nothing is counted or was measured."""
        rows = [row for row in self.rows(name) if row["value"] is not None or row["hidden"]]
        is_count = not self._by_name.get(name, {}).get("unit", "").startswith(_MEASURED)
        is_empty = is_count and not any(row["value"] or row["hidden"] for row in rows)
        return [] if is_empty else bars_of(rows)

    def total(self, name: str) -> int:
        """The sum of a figure."""
        return int(sum(row["value"] or 0 for row in self.rows(name)))

    def value(self, name: str, code: str) -> int:
        """Return the value of the group with that code."""
        rows = (row for row in self.rows(name) if row["code"] == code)
        return int(next(rows, {"value": 0})["value"] or 0)

    def days(self, name: str) -> str:
        """How long the first group of a figure took, with its unit where there is a number."""
        row = next(iter(self.rows(name)), {"value": None, "hidden": ""})
        if row["value"] is None:
            return str(row["hidden"]) or "sans objet"
        return f"{said_of(row)} jours (médiane)"

    @property
    def deciding(self) -> str:
        """Say how long reviewers took to decide on results, and on how many."""
        rows = self.rows("minutes_to_decide")
        minutes = rows[0]["value"] if rows else None
        if minutes is None:
            return "sans objet"
        many = count(self.value("results_decided", "all"), "décision")
        return f"{duration(minutes)} (médiane), {many}"

    @property
    def hours(self) -> float:
        """Hours of compute."""
        return self.total("compute_by_kind") / _SECONDS_OF_HOUR


async def show(visit: Visit) -> Response:
    """Show the figures of a year, as charts and a map."""
    year, faults, part = visit.asked("annee"), NO_FAULTS, PagePart()
    try:
        part = await part_of(visit.lab.get("notify", "/steering", year=year))
    except Refused as refused:
        if refused.field != "year":
            raise
        faults = Faults(refused.detail, "annee", refused.status)
    figures = Figures(part.value) if part.value else None
    ended = [end["project_id"] for end in figures.ends] if figures else []
    titles = await visit.lab.titles("intake", "projects", ended)
    variables = {
        "figures": figures,
        "found": part,
        "titles": titles,
        "faults": faults,
        "year": year,
    }
    return visit.page("steering/show.html", faults.status, **variables)


async def report(visit: Visit) -> Response:
    """Show the year as a report to print, without what only operators may see."""
    year = visit.part("year")
    part = await part_of(visit.lab.get("notify", "/steering", year=year, report=True))
    figures = Figures(part.value) if part.value else None
    return visit.page("steering/report.html", figures=figures, found=part, year=year)


async def table(visit: Visit) -> Response:
    """The figures of a year as CSV."""
    return await download(visit, "notify", "/steering", year=visit.part("year"), format="csv")


ROUTES = [
    get("/pilotage", show),
    get("/pilotage/rapport/{year}", report),
    get("/pilotage/chiffres-{year}.csv", table),
]
"""The figures, for reviewers and operators."""
