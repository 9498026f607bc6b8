"""What to do with the data: built by choices, by a recipe, in SQL or in Python; seen before.

Choices are no treatment while a value is none, or one is made by half.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from starlette.responses import Response

from services.portal.building import KEY_PARTS, Choices, keys_of_codes, treatment_of
from services.portal.lab import Json, Refused, path_of
from services.portal.lab.lab_calls import PagePart, if_seen, part_of
from services.portal.pages.projects.treatment_forms import (
    BETWEEN,
    TreatmentForms,
    forms_of,
    is_written,
    sent_choices,
    written_treatment,
)
from services.portal.pages.projects.treatment_sentences import UNANSWERED, UNSEEN, sentences_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_of, faults_on, get, post
from shared.engine.applications.filter.application import COMPARISONS, read_value
from shared.errors import Invalid
from shared.language.french import quoted
from shared.language.french import quoted as french_quoted

_EQUALITIES = ("=", "<>")
_BARS = (("barres", "par quoi vont les barres"), ("hauteur", "la longueur des barres"))
_COLOURED = (
    ("territoire", "où sont les codes du territoire"),
    ("couleur", "selon quoi colorer la carte"),
)
"""The fields of a chart and of a map, and what is missing without each, in French."""

_OF_FIGURES = frozenset(("taux", *(at for at, _ in (*_BARS, *_COLOURED))))
"""The fields of what is made of figures: what is wrong with them hides nothing else."""

_IN_ORDER = frozenset({"month", "datetime", "year"})
"""Types of text that stand in the order of what they mean."""

_NOT_IN_ORDER = (
    "Cette colonne est lue comme du texte : le Datalab n'en compare pas les grandeurs. Choisissez"
    " « est égal à » ou « n'est pas » ; si ce sont des nombres, déposez un fichier où cette colonne"
    " n'a rien d'autre."
)

_PYTHON = "python"
"""The application that a lab runs only where the libraries of code are installed."""

_FOUND = 50
_UNUSABLE, _CHANGED = 422, 409
_UNSEEN = "un jeu de données"
_DATASET = re.compile(r"\bdts_\w+")
_NOTHING_CHOSEN = "Choisissez d'abord des données, et ce qu'il faut en faire."


async def show(visit: Visit, faults: Faults = NO_FAULTS, treatment: Json = None) -> Response:
    """Show the choices, or this treatment, and beside them what it would make."""
    project = await visit.lab.get("intake", path_of("projects", visit.part("project_id")))
    forms = forms_of(visit, project, treatment)
    # Both the value that rows are kept by and the form need them.
    columns = asyncio.ensure_future(_columns(visit, forms.choices))
    choices, chosen_treatment, wrong = await _read_choices(forms, columns)
    faults = wrong or faults
    parts = await visit.lab.parts(
        keys=_keys(visit, choices),
        recipes=visit.lab.get("compute", "/recipes", limit=_FOUND),
        found=visit.lab.get("catalog", "/datasets", q=visit.asked("q"), limit=_FOUND),
        preview=preview_of(visit, chosen_treatment, project["holder_id"]),
        columns=columns,
        given=_given(visit, choices.left),
        python=if_seen(visit.lab.get("compute", path_of("applications", _PYTHON))),
        titles=titles_of(visit, forms.dataset_ids | _read_by_now(project)),
    )
    if isinstance(preview := parts["preview"].value, Faults):
        # What was chosen so far need not run yet: that is told, and no fault of the request.
        faults = replace(preview, status=faults.status)
        without, faults, parts["preview"] = await _undrawn(visit, project, choices, faults)
        chosen_treatment = without or chosen_treatment
    untitled = untitled_by(parts["titles"])
    outcome, titles = parts["preview"].value or {}, parts.pop("titles").value or {}
    variables = {
        "names": await visit.names({request["owner_id"] for request in outcome.get("asked", ())}),
        "project": project,
        "comparisons": COMPARISONS,
        "treatment": _text_of(chosen_treatment) or visit.text("treatment"),
        "does": sentences_of(chosen_treatment, titles, untitled) if outcome else [],
        "sentences": partial(sentences_of, titles=titles, untitled=untitled),
        "titles": titles,
        "untitled": untitled,
        "faults": _at_its_field(faults, forms),
        "since": _since(visit, project, faults),
        "q": visit.asked("q"),
        "key_text": BETWEEN.join(choices.key.get(name, "") for name in KEY_PARTS),
    }
    return visit.page("treatments/build.html", faults.status, forms_of=forms, **parts, **variables)


def _at_its_field(faults: Faults, forms: TreatmentForms) -> Faults:
    """The same, where what somebody wrote in SQL or Python is its only step."""
    if faults.at != "steps" or forms.saved_from != "en-code":
        return faults
    return replace(faults, at="sql" if forms.code.sql else "code")


def _since(visit: Visit, project: Json, faults: Faults) -> str:
    """The number of the treatment that the forms were made of, and would take the place of.

    It is the present one for who was just told that another came.
    """
    before = visit.text("depuis") or visit.asked("depuis")
    return before if before and faults.status != _CHANGED else str(project.get("proposal", ""))


def _read_by_now(project: Json) -> set[str]:
    return set((project.get("treatment") or {"inputs": {}})["inputs"].values())


def _text_of(treatment: Json) -> str:
    return json.dumps(treatment, ensure_ascii=False, indent=1) if treatment else ""


@faults_on(show)
async def save(visit: Visit) -> Response:
    """Save the treatment of the form as the project's."""
    project_id = visit.part("project_id")
    treatment = written_treatment(visit) if is_written(visit) else await _chosen(visit)
    body = {**treatment, "instead_of": visit.number("depuis")}
    path = path_of("projects", project_id, "treatment")
    saved = await visit.lab.post("intake", path, body) or {}
    message = "Le traitement est enregistré : le Datalab le vérifie et demande aux producteurs."
    return visit.go(f"/projets/{project_id}", " ".join((message, *saved.get("code_untried", ()))))


@faults_on(show)
async def write(visit: Visit) -> Response:
    """What a treatment that somebody wrote would make: SQL over the datasets, or a whole one."""
    return await show(visit, treatment=written_treatment(visit))


async def preview_of(visit: Visit, treatment: Json, holder_id: str = "") -> Json:
    """What it would make, as that holder's if not one's own; Faults when it cannot run as it is."""
    if treatment is None:
        return None
    asked = {**treatment, "holder_id": holder_id}
    try:
        return await visit.lab.post("compute", "/treatments/preview", asked)
    except Refused as refused:
        return faults_of(refused)


async def _read_choices(
    forms: TreatmentForms, columns: Awaitable[Json]
) -> tuple[Choices, Json, Faults | None]:
    """The choices, the treatment that is to be seen, and what keeps it from being theirs."""
    choices = forms.choices
    if forms.treatment:
        return choices, forms.treatment, None
    try:
        choices = await _read_by(choices, columns)
        _check_complete(choices)
    except Refused as refused:
        faults = faults_of(refused)
        seen = treatment_of(choices.undrawn) if faults.at in _OF_FIGURES else None
        return choices, seen, faults
    return choices, treatment_of(choices), None


async def _undrawn(
    visit: Visit, project: Json, choices: Choices, faults: Faults
) -> tuple[Json, Faults, PagePart]:
    """Return what the choices make without chart and map, if only these cannot run, and why."""
    drawn_of = treatment_of(choices.undrawn)
    if drawn_of is None or choices == choices.undrawn:
        return None, faults, PagePart()
    preview = await preview_of(visit, drawn_of, project["holder_id"])
    if isinstance(preview, Faults):
        return None, faults, PagePart()
    try:
        _check_drawn(choices, preview["columns"])
    except Refused as refused:
        faults = replace(faults_of(refused), status=faults.status)
    return drawn_of, faults, PagePart(preview)


async def _chosen(visit: Visit) -> Json:
    """Return the treatment of the sent choices; Refused, naming the field, if it cannot run."""
    path = path_of("projects", visit.part("project_id"))
    project = await visit.lab.get("intake", path)
    choices = sent_choices(visit, project["territory"])
    choices = with_value(choices, await _columns(visit, choices))
    _check_complete(choices)
    _check_crossed(choices)
    treatment = treatment_of(choices)
    if treatment is None:
        raise Refused(_UNUSABLE, _NOTHING_CHOSEN, "gauche")
    # Intake has it checked also while compute is away.
    preview = (await part_of(preview_of(visit, treatment))).value
    if isinstance(preview, Faults):
        raise Refused(_UNUSABLE, preview.message, preview.at)
    return treatment


async def titles_of(visit: Visit, dataset_ids: Iterable[str]) -> dict[str, str]:
    """Return the titles of the datasets that the person may see, by id; or raises Away."""
    asked = {
        dataset_id: visit.lab.get("catalog", path_of("datasets", dataset_id))
        for dataset_id in set(dataset_ids)
    }
    datasets = await asyncio.gather(*map(if_seen, asked.values()))
    return {
        dataset_id: str(dataset["title"])
        for dataset_id, dataset in zip(asked, datasets, strict=True)
        if dataset
    }


def untitled_by(titles: PagePart) -> str:
    """What data are called that have no title here: nobody knows it, or not now."""
    return UNANSWERED if titles.missing else UNSEEN


def with_titles(titles: Mapping[str, str], text: str) -> str:
    """Replace dataset ids by titles in a service's sentence."""
    return _DATASET.sub(
        lambda match: quoted(titles[match[0]]) if match[0] in titles else _UNSEEN, text
    )


async def _keys(visit: Visit, choices: Choices) -> Json:
    """Return the keys that join the two tables, best first."""
    if not (choices.left and choices.right):
        return []
    body = {"inputs": choices.inputs}
    preview = await visit.lab.post("compute", "/treatments/preview", body)
    keys = preview["proposed"]
    if choices.named[0]:
        keys = [*keys_of_codes(await _given(visit, choices.right)), *keys]
    return [{**key, "text": BETWEEN.join(key[name] or "" for name in KEY_PARTS)} for key in keys]


async def _given(visit: Visit, dataset_id: str) -> Json:
    """Return the columns that were read in a dataset; none while they are unknown."""
    if not dataset_id:
        return []
    dataset = await visit.lab.get("catalog", path_of("datasets", dataset_id))
    profiles = [version["profile"] for version in dataset["versions"] if version["profile"]]
    return profiles[-1]["columns"] if profiles else []


async def _columns(visit: Visit, choices: Choices) -> Json:
    """Return the columns for groups and figures: those of the table before it is grouped."""
    of_tables = ("left", "right", "named", "territory", "key")
    chosen = {name: getattr(choices, name) for name in of_tables}
    treatment = treatment_of(Choices(**chosen))
    if treatment is None and choices.left:
        columns = await _given(visit, choices.left)
        return [
            {**column, "type": (column.get("meaning") or {}).get("type", "")} for column in columns
        ]
    preview = await preview_of(visit, treatment)
    return preview["columns"] if isinstance(preview, dict) else []


async def _read_by(choices: Choices, columns: Awaitable[Json]) -> Choices:
    """The choices, with the value of the rows that are kept as its column has it."""
    is_for_rows = choices.kept[0] or choices.kept[2]
    return with_value(choices, await columns) if is_for_rows else choices


ROUTES = [
    get("/projets/{project_id}/traitement", show),
    post("/projets/{project_id}/traitement", save),
    post("/projets/{project_id}/traitement/apercu", write),
]


def with_value(choices: Choices, columns: Iterable[Json]) -> Choices:
    """Return the choices with the row filter's value as it is compared with its column.

    `columns` are those of the table. Raises Refused, naming the field, for a value that is
    missing, or no number or day where the column holds such, and for texts as more or less.
    """
    column, comparison, text = choices.kept
    if not column and not text:
        return choices
    if not (column and text):
        at, missing = ("valeur", "la valeur") if column else ("colonne", "la colonne")
        raise Refused(_UNUSABLE, f"Pour garder certaines lignes, dites aussi {missing}.", at)
    kept_columns = [read_column for read_column in columns if read_column["name"] == column]
    kind = kept_columns[0]["kind"] if kept_columns and not kept_columns[0]["key"] else ""
    is_word = kind == "text" and kept_columns[0].get("type") not in _IN_ORDER
    if is_word and comparison not in _EQUALITIES:
        raise Refused(_UNUSABLE, _NOT_IN_ORDER, "comparaison")
    try:
        value = read_value(text, kind)
    except Invalid as error:
        raise Refused(_UNUSABLE, str(error.args[0]), "valeur") from error
    return replace(choices, kept=(column, comparison, value))


def _check_complete(choices: Choices) -> None:
    """Raise Refused, naming the field, for an incomplete choice, which would be ignored."""
    if (choices.figures or choices.means) and not choices.by:
        raise Refused(_UNUSABLE, "Dites par quelle colonne regrouper ce qui est compté.", "par")
    if any(choices.rate):
        gone = [figure for figure in choices.rate if figure not in choices.figures]
        if not all(choices.rate):
            raise Refused(_UNUSABLE, "Un taux se fait de deux chiffres : dites lesquels.", "taux")
        _check_made(dict.fromkeys(gone, "taux"))
    for pair, fields in _drawn(choices):
        for value, (at, missing) in zip(pair, fields, strict=True):
            if any(pair) and not value:
                raise Refused(_UNUSABLE, f"Dites aussi {missing}.", at)


def _check_crossed(choices: Choices) -> None:
    """Raise Refused for a second table that nothing reads: its owner would be asked for nothing."""
    if choices.right and not choices.key:
        raise Refused(_UNUSABLE, "Choisissez la clé par laquelle croiser ces deux jeux.", "droite")


def _check_drawn(choices: Choices, columns: Iterable[Json]) -> None:
    """Raise Refused, naming the field, if a chart or map needs a column that is not among these."""
    column_names = {column["name"] for column in columns}
    _check_made(
        {
            value: at
            for pair, fields in _drawn(choices)
            for value, (at, _) in zip(pair, fields, strict=True)
            if value and value not in column_names
        }
    )


def _drawn(choices: Choices) -> Iterator[tuple[tuple[str, str], tuple[tuple[str, str], ...]]]:
    return zip((choices.bars, choices.coloured), (_BARS, _COLOURED), strict=True)


def _check_made(gone: Mapping[str, str]) -> None:
    """Raise Refused, at its field, for a column that is no longer computed."""
    for column, at in gone.items():
        message = f"{french_quoted(column)} n'est plus calculé : choisissez autre chose, ou rien."
        raise Refused(_UNUSABLE, message, at)
