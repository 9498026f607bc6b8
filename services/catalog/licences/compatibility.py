"""Judges a crossing of data before it runs: under which licence its result may be published.

The answer rests on nothing but the set of the inputs' licences and sources, so neither order nor
repetition makes a difference, and a crossing of crossings is judged as one of all their inputs.
This is not legal advice (see services/catalog/licences/licences.py).
"""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import Field

from services.catalog.licences.licences import (
    BY_ID,
    Duty,
    Licence,
    LicensedInput,
    canonical,
    find_licence,
)
from shared.catalogues.markup import text_of_html
from shared.events.event import Frozen
from shared.language.french import quoted

_UNKNOWN = BY_ID["notspecified"]
_MIXED = "lov2"
"""For a mix of licences that ask for attribution: it names those it is compatible with."""

_FREE = "cc-zero"
_SHARED = {
    Duty.ATTRIBUTION: "citer chaque source avec la date de sa dernière mise à jour",
    Duty.SHARE_ALIKE: "publier le résultat, s'il est rendu public, sous la même licence",
    Duty.KEEP_OPEN: "ne pas restreindre techniquement le résultat sans en donner une copie libre",
}


class Obligation(Frozen):
    """What the result's publisher has to do, in French, and the articles that say so."""

    duty: Duty
    text: str
    sources: tuple[str, ...]


class LicenceConflict(Frozen):
    """Why the result may not be published as it stands, in French, and who may decide."""

    reason: str
    decided_by: str


class Compatibility(Frozen):
    """What is known of a crossing's licence; `licence` is None as long as somebody must decide."""

    licence: str | None
    title: str
    obligations: tuple[Obligation, ...]
    sources: tuple[LicensedInput, ...]
    attribution: str = Field(description="the text to publish with the result, in French")
    conflict: LicenceConflict | None

    @property
    def asks_to_share(self) -> bool:
        """Whether the result may be published under this licence alone."""
        return any(obligation.duty is Duty.SHARE_ALIKE for obligation in self.obligations)


def compatibility_of(sources: Iterable[LicensedInput]) -> Compatibility:
    """The compatibility of the licences of a result made of these inputs."""
    inputs = sorted(set(sources), key=_order)
    licences = {_licence_of(source).id: _licence_of(source) for source in inputs}
    conflict = _conflict(inputs, licences)
    result = None if conflict else _result(licences)
    return Compatibility(
        licence=result.id if result else None,
        title=result.title if result else "à décider",
        obligations=tuple(_obligations(licences.values())),
        sources=tuple(inputs),
        attribution=_attribution(inputs),
        conflict=conflict,
    )


def _order(source: LicensedInput) -> tuple[str, ...]:
    return tuple(str(value) for value in source.model_dump().values())


def _licence_of(source: LicensedInput) -> Licence:
    return _licence_by_name(source.licence)


def _licence_by_name(licence: str) -> Licence:
    return find_licence(licence) or _UNKNOWN


def _name_of(source: LicensedInput) -> str:
    """The title of the licence; an unknown licence is quoted as it was given."""
    licence = find_licence(source.licence)
    return licence.title if licence else f"licence {quoted(text_of_html(source.licence))}"


def _conflict(inputs: list[LicensedInput], licences: dict[str, Licence]) -> LicenceConflict | None:
    asked = [source for source in inputs if Duty.ASK in _licence_of(source).duties]
    if asked:
        named = ", ".join(f"{quoted(source.title)} ({_name_of(source)})" for source in asked)
        return LicenceConflict(
            reason=f"ce que permet la licence de {named} est à lire ou à demander : bac à sable"
            " seulement",
            decided_by=_producers(asked),
        )
    alike = [licence for licence in licences.values() if Duty.SHARE_ALIKE in licence.duties]
    if len(alike) < 2:  # noqa: PLR2004 - a conflict takes two
        return None
    named = " et ".join(sorted(licence.title for licence in alike))
    articles = " ; ".join(sorted(licence.source for licence in alike))
    owners = _producers(
        source for source in inputs if Duty.SHARE_ALIKE in _licence_of(source).duties
    )
    return LicenceConflict(
        reason=f"{named} veulent chacune que le résultat soit publié sous elle seule ({articles})",
        decided_by=owners,
    )


def _producers(inputs: Iterable[LicensedInput]) -> str:
    return ", ".join(sorted({source.producer or "le producteur" for source in inputs}))


def _result(licences: dict[str, Licence]) -> Licence:
    """The licence of the result, given that nobody has to be asked."""
    alike = [licence for licence in licences.values() if Duty.SHARE_ALIKE in licence.duties]
    if alike:
        return alike[0]
    naming = [licence for licence in licences.values() if Duty.ATTRIBUTION in licence.duties]
    same, mixed = (naming, _MIXED) if naming else (list(licences.values()), _FREE)
    return same[0] if len(same) == 1 else BY_ID[mixed]


def _obligations(licences: Iterable[Licence]) -> Iterable[Obligation]:
    asking = sorted(licences, key=lambda licence: licence.id)
    for duty, text in _SHARED.items():
        sources = tuple(licence.source for licence in asking if duty in licence.duties)
        if sources:
            yield Obligation(duty=duty, text=text, sources=sources)


def _attribution(inputs: list[LicensedInput]) -> str:
    named = [
        f"{quoted(text_of_html(source.title))},"
        f" {text_of_html(source.producer) or 'producteur non précisé'}, {_dated(source)},"
        f" {_name_of(source)}" + (f" ({url})" if (url := _licence_of(source).url) else "")
        for source in inputs
    ]
    return f"Sources : {' ; '.join(named)}." if named else ""


def _dated(source: LicensedInput) -> str:
    if source.updated is None:
        return "date de mise à jour non précisée"
    return f"mis à jour le {source.updated:%d/%m/%Y}"


class Terms(NamedTuple):
    """What a result is published under; `note` says in French what was not as its holder wished."""

    licence: str
    is_publishable: bool
    note: str = ""


def terms_of(requested: str, compatibility: Compatibility) -> Terms:
    """The terms of a result whose holder asks for the licence `requested`.

    A licence that asks for less than the inputs' do, or another than a share-alike one, gives way
    to theirs. Where somebody has to be asked first, the result is not published.
    """
    if compatibility.conflict:
        note = f"Résultat à ne pas publier : {compatibility.conflict.reason}"
        return Terms("notspecified", is_publishable=False, note=f"{note}.")
    if compatibility.licence is None or _is_enough(requested, compatibility.licence):
        return Terms(canonical(requested), is_publishable=True)
    note = (
        f"Licence demandée : {requested} ; licence imposée par les sources : {compatibility.title}."
    )
    return Terms(compatibility.licence, is_publishable=True, note=note)


def _is_enough(requested: str, owed: str) -> bool:
    requested_duties, due = _licence_by_name(requested).duties, _licence_by_name(owed).duties
    if Duty.SHARE_ALIKE in due:
        return canonical(requested) == owed
    # Terms that nobody here knows may ask for anything: whoever uses the result has to read them.
    return Duty.ASK in requested_duties or due <= requested_duties
