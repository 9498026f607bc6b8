"""Asks those whose data went into a restricted result to open it to all, and takes their word."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from pydantic import ValidationError

from services.catalog.access.asking import figures_in_french
from services.catalog.datasets.editing import why_not_open
from services.catalog.datasets.model import OWNERS, Dataset
from services.catalog.datasets.versions import Version, VersionProvenance
from services.catalog.datasets.visibility import visible
from services.catalog.decisions.fingerprint import check_read
from services.catalog.decisions.opening_request import Contribution, OpeningRequest
from services.catalog.licences.licences import find_licence
from services.catalog.results.views import NewWord, OpeningAction, OpeningPage, OpeningView
from shared.aggregate import now
from shared.auth import Caller
from shared.endings.departures import check_present, left_among
from shared.engine.analysis.lineage import Reading, Shown, column_of, readings_of
from shared.errors import Forbidden, Invalid, WrongStage
from shared.events import Treatment
from shared.inbound import Paging
from shared.indexes.computed import IndexCompletion
from shared.language.french import counted, quoted
from shared.store import Store

_INDEX = "opening_waits_for"


def ask_opening(store: Store, dataset_id: str, caller: Caller, reason: str) -> OpeningView:
    """Ask each whose restricted data went into that owner's result, the owner too if it is one.

    Asked again for the same version, licence and title, who agreed before is not asked once more,
    and it is opened if nothing keeps it closed any more. Raises Forbidden for others than the owner
    and for one who left, WrongStage when there is nothing to open, Invalid, on `access`, when it
    may not be opened whoever agrees.
    """
    check_present(store, caller.member_id)

    def decide(dataset: Dataset) -> None:
        dataset.check_owner(caller.member_id, "en demande l'ouverture")
        if not dataset.is_made_of_restricted:
            raise WrongStage("il n'est pas fait de données restreintes : ouvrez-le vous-même")
        version = _newest(dataset)
        request = _request(dataset, version, reason, _contributions_of(store, dataset))
        request = request.after(dataset.opening)
        if obstacle := _obstacle(store, dataset, request.missing):
            raise Invalid(f"ce jeu reste à accès restreint : {obstacle}", "access")
        dataset.ask_opening(request, "")

    return _view(store, store.of(Dataset).change(dataset_id, decide), caller)


def decide_opening(store: Store, dataset_id: str, member: Caller, word: NewWord) -> OpeningView:
    """Take the word of one whose data went in.

    A yes is for what was read: it names its fingerprint. Raises NotFound, Forbidden for others and
    for one who left, WrongStage for another version, what is asked otherwise since, or when nobody
    asks, Invalid for a yes without fingerprint, a refusal or a yes taken back without a reason.
    """
    if word.decision != "open" and not word.reason:
        raise Invalid("un refus ou un retrait se motive", "reason")
    visible(store, dataset_id, member)
    check_present(store, member.member_id)

    def decide(dataset: Dataset) -> None:
        asked, obstacle = dataset.opening, why_not_open(dataset, dataset.metadata.licence)
        dataset.decide_opening(member.member_id, word.decision, word.reason, word.version, obstacle)
        if asked and word.decision == "open":
            check_read(asked.fingerprint, word.fingerprint)

    return _view(store, store.of(Dataset).change(dataset_id, decide), member)


def read_opening(store: Store, dataset_id: str, caller: Caller) -> OpeningView:
    """Whose data went in, what was asked and what each said; for them, the owner and staff.

    Raises Forbidden for others, NotFound when they may not even know of the dataset.
    """
    dataset = visible(store, dataset_id, caller)
    members = dataset.opening.members if dataset.opening else ()
    if not caller.may_see(*dataset.insiders, *members):
        raise Forbidden("seuls ceux dont des données y sont entrées voient où en est son ouverture")
    return _view(store, dataset, caller)


def waiting_index(store: Store) -> IndexCompletion:
    """Have older results be found by the members whose word they wait for."""
    # Results are never harvested: of a large catalogue, few documents are looked through.
    return IndexCompletion(store, Dataset, _INDEX, {"source_id": ""})


def list_openings(store: Store, query: Paging, caller: Caller) -> OpeningPage:
    """One page of the results whose opening waits for the caller's word."""
    where = {_INDEX: {"$in": [caller.member_id]}}
    datasets, cursor = store.of(Dataset).page(where, after=query.after, limit=query.limit)
    return OpeningPage(items=[_view(store, dataset, caller) for dataset in datasets], next=cursor)


def _obstacle(store: Store, dataset: Dataset, missing: Iterable[str]) -> str:
    """What keeps it closed whoever agrees, in French; those who left can agree no more."""
    if reason := why_not_open(dataset, dataset.metadata.licence):
        return reason
    left = ", ".join(left_among(store, missing))
    return f"l'accord de {left}, qui a quitté le Datalab, ne peut plus être donné" if left else ""


def _newest(dataset: Dataset) -> Version:
    """The newest version; raises WrongStage unless it is published."""
    dataset.check_present()
    newest = dataset.history.newest
    if newest is None or newest.state != "published":
        raise WrongStage("la dernière version de ce jeu n'est pas publiée")
    return newest


def _request(
    dataset: Dataset, version: Version, reason: str, contributions: tuple[Contribution, ...]
) -> OpeningRequest:
    return OpeningRequest(
        version=version.number,
        licence=dataset.metadata.licence,
        title=dataset.metadata.title,
        description=dataset.metadata.description,
        asked_by=dataset.owner_id,
        asked_at=now(),
        reason=reason,
        contributions=contributions,
        members=tuple(sorted({contribution.member_id for contribution in contributions})),
        asked=tuple(_asked(dataset, version, reason, contributions)),
    )


def _asked(
    dataset: Dataset, version: Version, reason: str, contributions: Iterable[Contribution]
) -> Iterator[str]:
    """The sentences that members read before they decide."""
    about, profile = dataset.metadata, version.profile
    licence = find_licence(about.licence)
    terms = quoted(licence.title if licence else about.licence)
    yield (
        f"Le porteur intitule ce résultat {quoted(about.title)}. La version {version.number} en"
        f" serait ouverte à tous sous la licence {terms} : chacun pourrait la télécharger."
    )
    if about.description:
        yield f"Le porteur le décrit ainsi : {quoted(about.description)}."
    if reason:
        yield f"Le porteur écrit : {quoted(reason)}."
    if profile:
        names = ", ".join(quoted(column.name) for column in profile.columns)
        yield f"Il a {counted(profile.rows, 'ligne', 'lignes')} et pour colonnes {names}."
    if version.about_persons:
        yield version.about_persons
    member_of = attrgetter("member_id")
    for _member, of in groupby(sorted(contributions, key=member_of), key=member_of):
        yield f"Données d'un membre : {' ; '.join(map(_of_theirs, of))}."


def _of_theirs(contribution: Contribution) -> str:
    if not contribution.dataset_id:
        return "on ne sait plus lesquelles"
    sentences = " ; ".join(contribution.shown) or "ce qui en est montré n'est pas connu"
    return f"{quoted(contribution.title)} ({sentences})"


def _view(store: Store, dataset: Dataset, caller: Caller) -> OpeningView:
    request = dataset.opening
    if request is None:
        contributions = _contributions_of(store, dataset)
        members = {contribution.member_id for contribution in contributions}
        view = OpeningView.unasked(dataset, contributions, _obstacle(store, dataset, members))
    else:
        view = OpeningView.asked_of(dataset, request, _obstacle(store, dataset, request.missing))
    return view.model_copy(update={"may": tuple(_actions(dataset, view, caller))})


def _actions(dataset: Dataset, view: OpeningView, caller: Caller) -> Iterator[OpeningAction]:
    """Yield what changes something: nobody asks again while answers are waited for."""
    is_closed = dataset.metadata.access == "restricted" and not (dataset.retired or view.obstacle)
    is_waiting = view.state == "waiting" and view.missing
    is_owner = caller.member_id == dataset.owner_id and caller.roles & OWNERS
    if is_owner and is_closed and view.members and not is_waiting:
        yield "ask"
    if caller.member_id in view.members and view.state in {"waiting", "refused", "open"}:
        yield "decide"


def _contributions_of(store: Store, result: Dataset) -> tuple[Contribution, ...]:
    """The restricted datasets that any version of the result is made of, each once.

    What went into a result that it is made of comes after that result, with the way it took.
    Members who decide on it, of whose data nothing more is known, have one without a dataset.
    """
    contributions: dict[str, Contribution] = {}
    for contribution in _walk(store, result, frozenset({result.id}), ""):
        contributions.setdefault(contribution.dataset_id, contribution)
    named = {contribution.member_id for contribution in contributions.values()}
    unknown = (
        Contribution(member_id=member, dataset_id="", title="")
        for member in result.source_owners
        if member not in named
    )
    return (*contributions.values(), *unknown)


def _walk(
    store: Store, result: Dataset, above: frozenset[str], through: str
) -> Iterator[Contribution]:
    for version in result.versions:
        provenance = version.provenance
        if provenance is None:
            continue
        inputs = {
            input_version.dataset_id: store.of(Dataset).find_one(input_version.dataset_id)
            for input_version in provenance.inputs
        }
        readings = _readings(provenance, inputs)
        for dataset_id, dataset in inputs.items():
            if (
                dataset is None
                or dataset_id in above
                or not _is_counted(dataset, provenance, result)
            ):
                continue
            sentences = (
                tuple(_sentences_of(readings.get(dataset_id))) if not through else (through,)
            )
            yield Contribution(
                member_id=dataset.owner_id,
                dataset_id=dataset_id,
                title=dataset.metadata.title,
                shown=sentences,
            )
            way = f"à travers {quoted(dataset.metadata.title)}"
            yield from _walk(store, dataset, above | {dataset_id}, through or way)


def _is_counted(dataset: Dataset, provenance: VersionProvenance, result: Dataset) -> bool:
    """Whether it was restricted when it went in: it was if its owner decides on the result."""
    return dataset.id in provenance.restricted_ids or (
        dataset.metadata.access == "restricted" and dataset.owner_id in result.insiders
    )


def _readings(
    provenance: VersionProvenance, inputs: dict[str, Dataset | None]
) -> dict[str, Reading]:
    """What the treatment read of each dataset; empty where its run is not known."""
    versions = {
        input_version.dataset_id: input_version.version for input_version in provenance.inputs
    }
    columns = {
        dataset_id: _columns(dataset, versions[dataset_id])
        for dataset_id, dataset in inputs.items()
    }
    try:
        treatment = Treatment(
            inputs={
                input_version.name: input_version.dataset_id for input_version in provenance.inputs
            },
            steps=provenance.steps,
        )
        return readings_of(treatment, columns)
    except (Invalid, ValidationError, KeyError):
        return {}


def _columns(dataset: Dataset | None, number: int) -> tuple[str, ...] | None:
    versions: list[Version] = dataset.versions if dataset else []
    profile = next((version.profile for version in versions if version.number == number), None)
    return tuple(column.name for column in profile.columns) if profile else None


def _sentences_of(reading: Reading | None) -> Iterator[str]:
    if reading is None:
        return
    if reading.columns is None:
        yield "ce qu'en montre le traitement n'est pas connu"
    for output in reading.shown:
        yield _sentence(output)


def _sentence(output: Shown) -> str:
    groups = [column_of(origin) for origin in output.by or ()]
    figures = figures_in_french([figure for figure in output.figures if figure not in groups])
    if output.by is None:
        return f"{figures}, ligne par ligne"
    group_names = ", ".join(map(quoted, groups))
    if not figures:
        return f"les valeurs de {group_names}"
    return f"{figures}, par {group_names}" if group_names else f"{figures}, en tout"
