"""What owners change of their datasets: description, legal basis, declarations, repairs."""

from collections.abc import Collection
from itertools import chain

from services.catalog.datasets.bodies import (
    ChangeDataset,
    DeclarationWord,
    NewDeclaration,
    NewLegalBasis,
    NewRepair,
)
from services.catalog.datasets.legal_basis import LegalBasis, why_held
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version, VersionContent
from services.catalog.datasets.visibility import visible
from services.catalog.decisions.not_personal import lifted
from services.catalog.licences.compatibility import Terms, compatibility_of, terms_of
from services.catalog.licences.licences import canonical
from shared.aggregate import now
from shared.auth import Caller
from shared.engine.tables.column_names import near
from shared.engine.tables.privacy import Privacy
from shared.errors import Invalid, WrongStage
from shared.events.event import AcceptedRepair
from shared.language.french import counted, quoted
from shared.store import Store

_OTHERS_DECIDE = (
    "il est fait de données à accès restreint ; demandez son ouverture"
    " (POST /datasets/{}/opening) à ceux dont ce sont les données"
)
_AGREED = (
    "ce jeu est ouvert par l'accord de ceux dont ce sont les données, sous cette licence :"
    " restreignez-le, puis demandez son ouverture sous l'autre"
)

_TOLD = 3
"""Names of columns that are told at once when no column is called so."""


def describe(store: Store, dataset_id: str, owner_id: str, body: ChangeDataset) -> Dataset:
    """Change what the dataset's owner says of it to what `body` names.

    Raises NotFound, Forbidden for anybody but the owner, WrongStage for a harvested dataset, and
    Invalid, naming the field, for what its data or what it was made of does not allow.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_changeable(owner_id, "le décrit")
        if dataset.harvested:
            raise WrongStage(
                "ce jeu est moissonné : sa description se corrige dans son catalogue d'origine, et"
                " la prochaine moisson la reprend ici"
            )
        check(dataset, body)
        dataset.describe(body.applied_to(dataset.metadata))

    return store.of(Dataset).change(dataset_id, decide)


def check(dataset: Dataset, body: ChangeDataset) -> None:
    """Raise Invalid, in French, for a change that the dataset cannot have.

    That is a licence, an opening, or words on a column that none of its versions has.
    """
    _check_columns(dataset, body)
    before, after = dataset.metadata, body.applied_to(dataset.metadata)
    if after.unit_column != before.unit_column:
        _check_unit(dataset, after.unit_column)
    if after.content != before.content:
        raise Invalid("se dit au dépôt, et ne change plus : déposez un autre jeu", "content")
    if dataset.tables_of and after.access != before.access:
        source = quoted(dataset.tables_of)
        raise Invalid(f"se dit dans la politique de {source}, dont ce sont les tableaux", "access")
    opens = (before.access, after.access) == ("restricted", "open")
    if opens and dataset.is_made_of_restricted:
        raise Invalid(
            f"ce jeu reste à accès restreint : {_OTHERS_DECIDE.format(dataset.id)}", "access"
        )
    if opens and (reason := why_not_open(dataset, after.licence)):
        raise Invalid(f"ce jeu reste à accès restreint : {reason}", "access")
    if not opens and after.licence == before.licence:
        return
    if dataset.opening and dataset.opening.is_open and after.access == "open":
        raise Invalid(_AGREED, "licence")
    terms = _terms(dataset, after.licence)
    if terms.licence != canonical(after.licence):
        raise Invalid(terms.note, "licence")


def _check_unit(dataset: Dataset, name: str) -> None:
    profile = dataset.profile
    names = {column.name: column for column in profile.columns} if profile else {}
    if name and profile and name not in names:
        raise Invalid(
            f"les données n'ont pas de colonne {quoted(name)}{near(name, names)}", "unit_column"
        )


def _check_columns(dataset: Dataset, body: ChangeDataset) -> None:
    if dataset.metadata.content == "files" and body.columns:
        raise Invalid("un jeu de fichiers n'a pas de colonnes à décrire", "columns")
    read = [version.profile for version in dataset.versions if version.profile]
    columns_by_name = {column.name: column for profile in read for column in profile.columns}
    unknown = [
        (at, column.name)
        for at, column in enumerate(body.columns)
        if column.name not in columns_by_name
    ]
    if not (columns_by_name and unknown):
        return
    phrases = (
        f"de colonne {quoted(name)}{near(name, columns_by_name)}" for _, name in unknown[:_TOLD]
    )
    rest = len(unknown) - _TOLD
    more = f" Ni {counted(rest, 'autre', 'autres')} de celles que vous décrivez." * (rest > 0)
    first, _ = unknown[0]
    raise Invalid(f"ce jeu n'a pas {' Ni '.join(phrases)}{more}", f"columns.{first}.name")


def why_not_open(dataset: Dataset, licence: str) -> str:
    """What keeps the dataset closed, in French, whoever agrees to open it under that licence."""
    terms = _terms(dataset, licence)
    refused = "" if terms.is_publishable else terms.note[0].lower() + terms.note[1:]
    return _kept_back(dataset) or refused


def _kept_back(dataset: Dataset) -> str:
    """Why its data on persons keeps the dataset closed, in French; empty when nothing does."""
    privacies = [version.privacy for version in dataset.versions]
    if any(why_held(privacy, is_open=True) for privacy in privacies):
        return (
            "une de ses versions nomme des personnes, ou porte sur un petit nombre d'entre elles"
            " des données sensibles (CRPA, article L312-1-2) ; déposez comme nouveau jeu une"
            " version qui n'en a pas"
        )
    treatment_privacies = [_treatment_privacy(version) for version in dataset.versions]
    if dataset.project_id and any(
        privacy and not privacy.is_safe for privacy in (*treatment_privacies, *privacies)
    ):
        return "le traitement dont il est issu permet de distinguer des personnes"
    return ""


def _treatment_privacy(version: Version) -> Privacy | None:
    """What the version's treatment knew about persons in it, without what declarations lift."""
    privacy = version.provenance.privacy if version.provenance else None
    return privacy and lifted(version.not_personal, privacy)


def _terms(dataset: Dataset, licence: str) -> Terms:
    """The terms of `licence`, given the sources of all the dataset's versions."""
    provenances = (version.provenance for version in dataset.versions if version.provenance)
    return terms_of(
        licence,
        compatibility_of({source for provenance in provenances for source in provenance.sources}),
    )


def confirm(store: Store, dataset_id: str, owner_id: str, body: NewLegalBasis) -> Dataset:
    """Publish a held version of the dataset on the legal basis of `body`.

    Raises NotFound, Forbidden for anybody but the owner, WrongStage when nothing is held, Invalid
    for a basis on which open data cannot name persons.
    """
    legal_basis = LegalBasis(
        **body.model_dump(include={"basis", "purpose", "note"}),
        confirmed_by=owner_id,
        confirmed_at=now(),
    )

    def decide(dataset: Dataset) -> None:
        dataset.check_changeable(owner_id, "en confirme la base légale")
        dataset.confirm(body.version, legal_basis, restrict=body.restrict)

    return store.of(Dataset).change(dataset_id, decide)


def declare(store: Store, dataset_id: str, owner_id: str, body: NewDeclaration) -> Dataset:
    """Declare findings as not personal; publish the dataset if nothing else holds it.

    Raises NotFound, Forbidden for anybody but the owner, WrongStage for a version that was not
    screened, Invalid for a column in which nothing was found.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_changeable(owner_id, "dit ce qui n'y est pas personnel")
        version = dataset.screened(body.version)
        refused = _refused(store, owner_id, version.marks)
        dataset.declare(body.version, body.columns, body.reason, refused)

    return store.of(Dataset).change(dataset_id, decide)


def _refused(store: Store, owner_id: str, marks: Collection[str]) -> frozenset[str]:
    """The marks of this owner's content for which the staff refused a declaration."""
    datasets = store.of(Dataset).every({"refused": {"$in": sorted(marks)}})
    return frozenset(
        chain.from_iterable(dataset.refused for dataset in datasets if dataset.owner_id == owner_id)
    )


def answer_declaration(
    store: Store, dataset_id: str, caller: Caller, body: DeclarationWord
) -> Dataset:
    """Answer a declaration; hold the dataset again where only that declaration published it.

    Raises NotFound, Forbidden for an answer that is not the caller's to give, Invalid for a refusal
    without a reason, WrongStage when nothing was declared that it may be said of.
    """
    if body.answer == "refuse" and not body.reason:
        raise Invalid("un refus se motive", "reason")

    def decide(dataset: Dataset) -> None:
        if body.answer == "withdraw":
            dataset.check_changeable(caller.member_id, "revient sur ce qu'il a déclaré")
        else:
            dataset.check_answerable(caller)
        dataset.answer_declaration(
            body.version, body.columns, body.answer, caller.member_id, body.reason
        )

    seen = visible(store, dataset_id, caller)
    decide(seen)
    if body.answer == "refuse":
        # First, as this can be done again, and the same refusal cannot.
        _heed(store, seen)
    return store.of(Dataset).change(dataset_id, decide)


def _heed(store: Store, refused: Dataset) -> None:
    """Make the owner's other datasets with the same data wait for the staff too."""
    marks = refused.refused
    for other in store.of(Dataset).every({"hashes": {"$in": marks}}):
        if other.owner_id == refused.owner_id and other.id != refused.id:
            store.of(Dataset).change(other.id, lambda dataset: dataset.heed_refusal(marks))


def screen_again(store: Store, dataset_id: str, caller: Caller) -> Dataset:
    """Have the current version read and screened again: screening learns.

    It is held where it now turns out to name persons; asked again meanwhile nothing changes. Raises
    NotFound, Forbidden for anybody but the owner and operators.
    """

    def decide(dataset: Dataset) -> None:
        if "operator" not in caller.roles:
            dataset.check_owner(caller.member_id, "le fait examiner de nouveau")
        if dataset.retirement:
            dataset.check_present()
        dataset.read_again()

    return store.of(Dataset).change(dataset_id, decide)


def accept_repair(store: Store, dataset_id: str, owner_id: str, repair: NewRepair) -> Dataset:
    """Read the newest file again with a proposed repair: a new version of the owner's dataset.

    Accepted before, it makes none. Raises Forbidden for anybody else's dataset, NotFound when it
    is not even public, WrongStage before a version could be read, and Invalid, naming the field,
    when the repair is not proposed for that column.
    """

    def accept(dataset: Dataset) -> None:
        dataset.check_owner(owner_id, "en accepte les réparations")
        if not _is_accepted(dataset, repair):
            dataset.register(_mended(dataset, _proposed(dataset, repair)))

    return store.of(Dataset).change(dataset_id, accept)


def _is_accepted(dataset: Dataset, repair: NewRepair) -> bool:
    accepted = dataset.versions[-1].accepted_repairs if dataset.versions else ()
    return any(
        (accepted_repair.column, accepted_repair.repair) == (repair.column, repair.repair)
        for accepted_repair in accepted
    )


def _mended(dataset: Dataset, repair: AcceptedRepair) -> VersionContent:
    """The newest file that could be read or is being read, with one more repair."""
    version = next(version for version in reversed(dataset.versions) if version.state != "rejected")
    content = {name: getattr(version, name) for name in VersionContent.model_fields}
    return VersionContent(**content | {"accepted_repairs": (repair,)})


def _proposed(dataset: Dataset, repair: NewRepair) -> AcceptedRepair:
    if dataset.profile is None:
        raise WrongStage("aucune version de ce jeu n'a encore été lue")
    columns = {column.name: column for column in dataset.profile.columns}
    if repair.column not in columns:
        raise Invalid("la version publiée n'a pas cette colonne", "column")
    meaning = columns[repair.column].meaning
    if meaning is None or meaning.repair != repair.repair:
        raise Invalid("n'est pas proposée pour cette colonne", "repair")
    return AcceptedRepair(column=repair.column, repair=repair.repair, type=meaning.type)
