"""Where a result comes from, as French sentences: its data, code and software, who, why, how."""

from collections.abc import Iterable, Iterator, Mapping

from shared.tables.manifest import Input, Manifest
from shared.tables.provenance import Provenance
from shared.words import counted, french_date, french_list, quoted

_KINDS = {"trial": "essai sur un échantillon", "full": "calcul complet"}


def told(manifest: Manifest) -> list[str]:
    """All that is known of where a job's result comes from, in the order that people ask it."""
    what = _KINDS.get(manifest.kind, manifest.kind)
    day = french_date(manifest.ended.date().isoformat())
    ended = f"terminé le {day} à {manifest.ended:%H:%M} (UTC)"
    return [
        f"Traitement {manifest.job_id}, {what}, {ended}.",
        *of_project(manifest.provenance, manifest.project_id or ""),
        *_of_inputs(manifest.inputs),
        *of_grants(manifest.inputs),
        *_of_steps(manifest),
        *_of_software(manifest.software),
        *(f"Sortie « {one.name} » : SHA-256 {one.file.sha256}." for one in manifest.outputs),
    ]


def of_project(provenance: Provenance, project_id: str = "") -> Iterator[str]:
    """For whom and why it was made, who started it, and by which recipe and code."""
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
        yield "Lancé par le Datalab, à l'étape où en était le projet."
    if provenance.recipe:
        yield f"Recette : {provenance.recipe}."
    for one in provenance.code:
        yield f"Code de l'étape {quoted(one.step)} : SHA-256 {one.sha256}."


def of_grants(inputs: Iterable[Input]) -> Iterator[str]:
    """Under which licence, by whose grant and on what conditions data was read."""
    for one in {it.dataset_id: it for it in inputs}.values():
        if agreed := list(_agreed(one)):
            yield f"Accès à {quoted(one.title or one.name)} : {' ; '.join(agreed)}."


def _of_inputs(inputs: Iterable[Input]) -> Iterator[str]:
    for one in {it.dataset_id: it for it in inputs}.values():
        yield (
            f"Données {quoted(one.title or one.name)} ({one.dataset_id}), version {one.version} :"
            f" SHA-256 {one.sha256}."
        )


def _of_software(software: Mapping[str, str]) -> Iterator[str]:
    if software:
        listed = french_list([f"{name} {one}" for name, one in sorted(software.items())])
        yield f"Logiciels : {listed}."


def _agreed(one: Input) -> Iterator[str]:
    if one.licence:
        yield f"licence {one.licence}"
    if one.grant_id:
        yield f"accord {one.grant_id}"
    if one.granted_by:
        yield f"donné par {french_list(one.granted_by)}"
    if one.purpose:
        yield f"pour {quoted(one.purpose)}"
    if one.until:
        yield f"jusqu'au {french_date(one.until)}"
    if one.columns is not None:
        yield counted(len(one.columns), "colonne", "colonnes")
    for condition in one.conditions:
        yield f"condition : {quoted(condition)}"


def _of_steps(manifest: Manifest) -> Iterator[str]:
    for number, step in enumerate(manifest.steps, 1):
        read = french_list([quoted(name) for name in step.inputs.values()])
        yield f"Étape {number} : {step.application} sur {read} → {quoted(step.output)}."
    for one in manifest.provenance.reused:
        day = french_date(one.day)
        yield f"Étape {quoted(one.step)} : reprise du traitement {one.job_id}, du {day}."
