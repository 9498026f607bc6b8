"""What to do with the data: built by choices, by a recipe, in SQL or in Python; seen before."""

import asyncio
import json
import re
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml  # type: ignore[import-untyped]
from pydantic import ValidationError
from starlette.responses import Response

from services.portal.building import (
    COMPARISONS,
    KEY_PARTS,
    Choices,
    choices_of,
    grouped,
    keys_of_codes,
    treatment_of,
    with_value,
)
from services.portal.lab import Json, Refused, path_of
from services.portal.lab.lab_calls import PagePart
from services.portal.pages.projects.treatment_sentences import sentences_of
from services.portal.pages.projects.written_code import WrittenCode, code_of, sent_code
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_of, faults_on, get, post
from shared.events import Treatment
from shared.words import quoted

_FOUND = 50
_LONGEST = 300_000
_NONE = "|"
_UNSEEN = "un jeu de données"
_DATASET = re.compile(r"\bdts_\w+")


@dataclass(frozen=True)
class _Forms:
    """What the forms of the page have: what was sent, else what the project's treatment is."""

    choices: Choices
    code: WrittenCode
    treatment: Json = None
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def dataset_ids(self) -> set[str]:
        """The data that is chosen in them."""
        read = {**self.choices.inputs, **self.inputs}.values()
        return {*read, *dict(self.code.tables).values()}


async def show(visit: Visit, faults: Faults = NO_FAULTS, treatment: Json = None) -> Response:
    """The choices, or this treatment, and beside them what it would make."""
    project = await visit.lab.get("intake", path_of("projects", visit.part("project_id")))
    forms = _forms(visit, project, treatment)
    choices = forms.choices
    # Both the value that rows are kept by and the form need them.
    columns = asyncio.ensure_future(_columns(visit, choices))
    try:
        wanted = forms.treatment or treatment_of(grouped(await _read_by(choices, columns)))
    except Refused as refused:
        faults, wanted = faults_of(refused), None
    parts = await visit.lab.parts(
        keys=_keys(visit, choices),
        recipes=visit.lab.get("compute", "/recipes", limit=_FOUND),
        found=visit.lab.get("catalog", "/datasets", q=visit.asked("q"), limit=_FOUND),
        preview=preview_of(visit, wanted, project["holder_id"]),
        columns=columns,
        given=_given(visit, choices.left),
        titles=titles_of(visit, forms.dataset_ids),
    )
    preview = parts["preview"].value
    if isinstance(preview, Faults):
        # What was chosen so far need not run yet: that is told, and no fault of the request.
        faults, parts["preview"] = replace(preview, status=faults.status), PagePart()
    told, titles = parts["preview"].value or {}, parts.pop("titles").value or {}
    shown = {
        "names": await visit.names({one["owner_id"] for one in told.get("asked", ())}),
        "project": project,
        "comparisons": COMPARISONS,
        "treatment": _text_of(wanted) or visit.text("treatment"),
        "does": sentences_of(wanted, titles) if told else [],
        "titles": titles,
        "faults": faults,
        "q": visit.asked("q"),
        "key_text": _NONE.join(choices.key.get(name, "") for name in KEY_PARTS),
    }
    return visit.page("treatments/build.html", faults.status, forms_of=forms, **parts, **shown)


def _forms(visit: Visit, project: Json, treatment: Json) -> _Forms:
    """What the forms have; `treatment` is one that was made for this page."""
    code, given = sent_code(visit), treatment
    try:
        if visit.form and not given:
            given = _written(visit)
        elif not given and not set(visit.request.query_params) - {"q"}:
            given = project["treatment"]
        if not given:
            return _Forms(_choices(visit), code)
        read = Treatment.model_validate(given).model_dump(mode="json")
    except (Refused, ValidationError):
        # What is wrong with it is told by who reads it.
        return _Forms(Choices(), code, given)
    choices = choices_of(read) or Choices()
    return _Forms(choices, code if code.is_any else code_of(read), given, read["inputs"])


def _text_of(treatment: Json) -> str:
    return json.dumps(treatment, ensure_ascii=False, indent=1) if treatment else ""


@faults_on(show)
async def save(visit: Visit) -> Response:
    """Let the treatment that was shown be the project's."""
    project_id = visit.part("project_id")
    path = path_of("projects", project_id, "treatment")
    await visit.lab.post("intake", path, _read(visit.text("treatment")))
    return visit.go(
        f"/projets/{project_id}",
        "Le traitement est enregistré : le Datalab le vérifie et demande aux producteurs.",
    )


@faults_on(show)
async def write(visit: Visit) -> Response:
    """What a treatment that somebody wrote would make: SQL over the datasets, or a whole one."""
    return await show(visit, treatment=_written(visit))


async def preview_of(visit: Visit, treatment: Json, holder_id: str = "") -> Json:
    """What it would make, as that holder's if not one's own; Faults when it cannot run as it is."""
    if treatment is None:
        return None
    asked = {**treatment, "holder_id": holder_id}
    try:
        return await visit.lab.post("compute", "/treatments/preview", asked)
    except Refused as refused:
        return faults_of(refused)


async def titles_of(visit: Visit, dataset_ids: Iterable[str]) -> dict[str, str]:
    """What datasets are called, by their ids: those that the person may see."""
    found = await visit.lab.seen("catalog", "datasets", set(dataset_ids))
    return {one: str(told["title"]) for one, told in found.items() if told}


def with_titles(titles: Mapping[str, str], text: str) -> str:
    """A sentence of a service's with the titles of datasets that it has the ids of."""
    return _DATASET.sub(lambda it: quoted(titles[it[0]]) if it[0] in titles else _UNSEEN, text)


async def _keys(visit: Visit, choices: Choices) -> Json:
    """The keys by which the two tables meet, best first."""
    if not (choices.left and choices.right):
        return []
    body = {"inputs": choices.inputs}
    told = await visit.lab.post("compute", "/treatments/preview", body)
    found = told["proposed"]
    if choices.named[0]:
        found = [*keys_of_codes(await _given(visit, choices.right)), *found]
    return [{**one, "text": _NONE.join(one[name] or "" for name in KEY_PARTS)} for one in found]


async def _given(visit: Visit, dataset_id: str) -> Json:
    """The columns of a dataset as they were read; none while they are not known."""
    if not dataset_id:
        return []
    dataset = await visit.lab.get("catalog", path_of("datasets", dataset_id))
    profiles = [one["profile"] for one in dataset["versions"] if one["profile"]]
    return profiles[-1]["columns"] if profiles else []


async def _columns(visit: Visit, choices: Choices) -> Json:
    """The columns that groups and figures may be of: those of the table before it is counted."""
    chosen = {name: getattr(choices, name) for name in ("left", "right", "named", "key")}
    wanted = treatment_of(Choices(**chosen))
    if wanted is None and choices.left:
        known = await _given(visit, choices.left)
        return [{**one, "type": (one.get("meaning") or {}).get("type", "")} for one in known]
    told = await preview_of(visit, wanted)
    return told["columns"] if isinstance(told, dict) else []


async def _read_by(choices: Choices, columns: Awaitable[Json]) -> Choices:
    """The choices, with the value of the rows that are kept as its column has it."""
    is_for_rows = choices.kept[0] or choices.kept[2]
    return with_value(choices, await columns) if is_for_rows else choices


def _choices(visit: Visit) -> Choices:
    asked = visit.request.query_params
    parts = asked.get("cle", "").split(_NONE)
    key = dict(zip(KEY_PARTS, parts, strict=False)) if len(parts) == len(KEY_PARTS) else {}
    return Choices(
        left=asked.get("gauche", ""),
        right=asked.get("droite", ""),
        named=(asked.get("nomme", ""), asked.get("departement", "")),
        key=key,
        kept=(asked.get("colonne", ""), asked.get("comparaison", "="), asked.get("valeur", "")),
        by=tuple(filter(None, asked.getlist("par"))),
        counts=bool(asked.get("compter")),
        sums=tuple(filter(None, asked.getlist("sommes"))),
        means=tuple(filter(None, asked.getlist("moyennes"))),
        rate=(asked.get("taux", ""), asked.get("pour", "")),
        bars=(asked.get("barres", ""), asked.get("hauteur", "")),
        coloured=(asked.get("territoire", ""), asked.get("couleur", "")),
        report=bool(asked.get("rapport")),
        title=asked.get("titre", ""),
        totals=bool(asked.get("totaux")),
    )


def _written(visit: Visit) -> Json:
    """The treatment that runs the SQL or Python that was written, or the one that was."""
    if "sql" in visit.form:
        return sent_code(visit).treatment
    return _read(visit.text("treatment"))


def _read(text: str) -> Any:  # noqa: ANN401 - JSON
    """A treatment as JSON or YAML; Refused, naming the field, for anything else."""
    if len(text) > _LONGEST:
        raise Refused(422, "ce texte est trop long", "treatment")
    try:
        read = json.loads(json.dumps(yaml.safe_load(text), allow_nan=False))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Refused(422, "ce n'est ni du JSON ni du YAML", "treatment") from error
    if not isinstance(read, dict):
        raise Refused(422, "il faut un objet avec « inputs » et « steps »", "treatment")
    return read


ROUTES = [
    get("/projets/{project_id}/traitement", show),
    post("/projets/{project_id}/traitement", save),
    post("/projets/{project_id}/traitement/apercu", write),
]
