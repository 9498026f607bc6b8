"""Asks those whose data went into a restricted result to open it to all, and takes their word."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from services.catalog.datasets.editing import why_not_open
from services.catalog.datasets.model import OWNERS, Dataset
from services.catalog.datasets.versions import Version
from services.catalog.datasets.visibility import visible
from services.catalog.decisions.fingerprint import check_read
from services.catalog.decisions.opening_request import Contribution, OpeningRequest
from services.catalog.licences.licences import find_licence
from services.catalog.results.contributions import contributions_of
from services.catalog.results.views import NewWord, OpeningAction, OpeningPage, OpeningView
from shared.aggregate import now
from shared.auth import Caller
from shared.endings.departures import check_present, left_among
from shared.errors import Forbidden, Invalid, WrongStage
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
        request = _request(dataset, version, reason, contributions_of(store, dataset))
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
        contributions = contributions_of(store, dataset)
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
