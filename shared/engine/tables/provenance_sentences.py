"""Where a result comes from, as French sentences: its data, code and software, who, why, how."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from shared.catalogues.licence_titles import TITLES
from shared.engine.tables.manifest import INVENTED, Input, Manifest
from shared.engine.tables.provenance import Provenance
from shared.language.french import (
    counted,
    day_in_paris,
    duration,
    french_date,
    french_hour,
    french_list,
    grouped,
    quoted,
)

_STARTED = {
    "stage": "Lancé par le Datalab, à l'étape où en était le projet.",
    "holder": "Lancé par le porteur du projet.",
    "other": "Lancé par un membre du Datalab.",
}
_KINDS = {"trial": "essai sur un échantillon", "full": "calcul complet"}


def told(manifest: Manifest) -> list[str]:
    """State in French where a job's result comes from, in the order that people ask it."""
    what = _KINDS.get(manifest.kind, manifest.kind)
    ended = f"terminé le {moment(manifest.ended)}{_where(manifest.provenance)}"
    return [
        f"Traitement {manifest.job_id}, {what}, {ended}.",
        *[INVENTED] * manifest.is_invented,
        *_of_project(manifest.provenance, manifest.project_id or ""),
        *_of_inputs(manifest.inputs),
        *_of_grants(manifest.inputs),
        *_of_steps(manifest),
        *_of_software(manifest.software, manifest.provenance),
        *(
            f"Sortie « {output.name} » : SHA-256 {output.file.sha256}."
            for output in manifest.outputs
        ),
    ]


def _where(provenance: Provenance) -> str:
    if provenance.executor != "slurm":
        return ""
    shards = f", en {provenance.shards} parts" if provenance.shards > 1 else ""
    return f" sur une grappe de calcul{shards}"


def moment(at: datetime) -> str:
    """Write a date and time in French."""
    return f"{french_date(day_in_paris(at))} à {french_hour(at)}"


def on_a_page(provenance: Provenance, inputs: Iterable[Input]) -> Iterator[str]:
    """State the provenance as a page for others does: in words, without any id.

    Nor has it names of members: it stays with whoever has it, also when a member is erased.
    """
    if provenance.project_title:
        yield f"Projet {quoted(provenance.project_title)}."
    if provenance.purpose:
        yield f"But : {quoted(provenance.purpose)}."
    if provenance.holder_id:
        yield _STARTED[_who(provenance)]
    if provenance.recipe:
        name, _, version = provenance.recipe.partition("@")
        yield f"Recette {quoted(name)}{f', version {version}' if version else ''}."
    for step_code in provenance.code:
        yield f"Code de l'étape {quoted(step_code.step)} : empreinte SHA-256 {step_code.sha256}."
    for source in _each(inputs):
        if agreed := [*_granted(source), *_conditions(source)]:
            yield f"Accès à {quoted(source.title or source.name)} : {' ; '.join(agreed)}."


def _granted(source: Input) -> Iterator[str]:
    if len(source.granted_by) == 1:
        yield "accordé par son propriétaire"
    elif source.granted_by:
        yield f"accordé par ses {len(source.granted_by)} propriétaires"


def _who(provenance: Provenance) -> str:
    if not provenance.submitted_by:
        return "stage"
    return "holder" if provenance.submitted_by == provenance.holder_id else "other"


def _of_project(provenance: Provenance, project_id: str = "") -> Iterator[str]:
    """State for whom and why the result was made, by whom, and by which recipe and code."""
    if provenance.project_title:
        named = f" ({project_id})" if project_id else ""
        yield f"Projet {quoted(provenance.project_title)}{named}."
    if provenance.purpose:
        yield f"But : {quoted(provenance.purpose)}."
    if provenance.holder_id:
        yield f"Porteur : {provenance.holder_id}."
    if provenance.submitted_by:
        yield f"Lancé par {provenance.submitted_by}."
    elif provenance.holder_id:
        yield _STARTED["stage"]
    if provenance.recipe:
        yield f"Recette : {provenance.recipe}."
    for step_code in provenance.code:
        yield f"Code de l'étape {quoted(step_code.step)} : SHA-256 {step_code.sha256}."


def _of_grants(inputs: Iterable[Input]) -> Iterator[str]:
    """State the licence, grant and conditions under which data was read."""
    for source in _each(inputs):
        if agreed := list(_agreed(source)):
            yield f"Accès à {quoted(source.title or source.name)} : {' ; '.join(agreed)}."


def _of_inputs(inputs: Iterable[Input]) -> Iterator[str]:
    for source in _each(inputs):
        read = "lignes inventées" if source.is_invented else f"SHA-256 {source.sha256}"
        yield (
            f"Données {quoted(source.title or source.name)} ({source.dataset_id}),"
            f" version {source.version} : {read}."
        )


def _each(inputs: Iterable[Input]) -> Iterable[Input]:
    return {source.dataset_id: source for source in inputs}.values()


def _of_software(software: Mapping[str, str], provenance: Provenance) -> Iterator[str]:
    if provenance.engine:
        yield f"Code du Datalab : SHA-256 {provenance.engine}."
    if limits := provenance.limits:
        seconds, memory = duration(limits.seconds), grouped(round(limits.memory_bytes / 10**6))
        yield f"Limites du calcul : {seconds}, {memory} Mo de mémoire."
    if software:
        listed = french_list([f"{name} {version}" for name, version in sorted(software.items())])
        yield f"Logiciels : {listed}."


def _agreed(source: Input) -> Iterator[str]:
    if source.grant_id:
        yield f"accord {source.grant_id}"
    if source.granted_by:
        yield f"donné par {french_list(source.granted_by)}"
    if source.policy:
        of = f"des données {source.policy.dataset_id}, SHA-256 {source.policy.sha256}"
        yield f"politique {source.policy.number} {of}"
    yield from _conditions(source)


def _conditions(source: Input) -> Iterator[str]:
    if source.policy:
        yield "par des tableaux protégés"
    elif source.is_protected:
        yield "ce qui en sort est décidé par un relecteur"
    if source.licence:
        yield f"licence {quoted(TITLES.get(source.licence, source.licence))}"
    if source.purpose:
        yield f"pour {quoted(source.purpose)}"
    if source.until:
        yield f"jusqu'au {french_date(source.until)}"
    if source.columns is not None:
        yield counted(len(source.columns), "colonne", "colonnes")
    for condition in source.conditions:
        yield f"condition : {quoted(condition)}"


def _of_steps(manifest: Manifest) -> Iterator[str]:
    for number, step in enumerate(manifest.steps, 1):
        read = french_list([quoted(name) for name in step.inputs.values()])
        yield f"Étape {number} : {step.application} sur {read} → {quoted(step.output)}."
    for reused in manifest.provenance.reused:
        day = french_date(reused.day)
        yield f"Étape {quoted(reused.step)} : reprise du traitement {reused.job_id}, du {day}."
