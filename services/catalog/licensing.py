"""Under which terms a project's result enters the catalogue, from the data it was made of."""

from typing import NamedTuple

from services.catalog.crossing import Source, Verdict
from services.catalog.licences import Duty, find_licence
from services.catalog.model import Dataset
from services.catalog.versions import Version


class Terms(NamedTuple):
    """What a result is published under; `note` says in French what was not as its holder wished."""

    licence: str
    is_publishable: bool
    note: str = ""


def sources_of(dataset: Dataset, version: Version | None = None) -> tuple[Source, ...]:
    """The sources of a version, the published one when not said: of a result, those it is made of.

    So a crossing of crossings is judged, and names its sources, as one of all their inputs.
    """
    version = version or dataset.shown
    made_of = version.provenance.sources if version and version.provenance else ()
    return made_of or (own_source(dataset, version),)


def own_source(dataset: Dataset, version: Version | None = None) -> Source:
    """A version as a source of its own, whatever it is made of."""
    about = dataset.metadata
    return Source(
        title=about.title,
        producer=about.producer,
        licence=about.licence,
        updated=version.registered_at.date() if version else dataset.updated,
    )


def settle(wanted: str, verdict: Verdict) -> Terms:
    """The licence that a result gets when its holder wants `wanted`.

    A licence that asks for less than the inputs' do, or another than a share-alike one, gives way
    to theirs. Where somebody has to be asked first, the result is not published.
    """
    if verdict.conflict:
        note = f"Résultat à ne pas publier : {verdict.conflict.reason}"
        return Terms("notspecified", is_publishable=False, note=f"{note}.")
    if verdict.licence is None or _is_enough(wanted, verdict.licence):
        return Terms(canonical(wanted), is_publishable=True)
    note = f"Licence demandée : {wanted} ; licence imposée par les sources : {verdict.title}."
    return Terms(verdict.licence, is_publishable=True, note=note)


def canonical(licence: str) -> str:
    """The identifier of a licence that is known by another name; any other text as it is."""
    found = find_licence(licence)
    return found.id if found else licence


def _is_enough(wanted: str, owed: str) -> bool:
    given, due = _duties(wanted), _duties(owed)
    if Duty.SHARE_ALIKE in due:
        return canonical(wanted) == owed
    # Terms that nobody here knows may ask for anything: whoever uses the result has to read them.
    return Duty.ASK in given or due <= given


def _duties(licence: str) -> frozenset[Duty]:
    found = find_licence(licence)
    return found.duties if found else frozenset({Duty.ASK})
