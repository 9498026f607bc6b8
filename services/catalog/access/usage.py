"""Opens data to projects, and keeps who used which, for which job and with what result."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from urllib.parse import quote

from services.catalog.access.asking import bound_of, is_answered, known_by_tables, method_of
from services.catalog.access.dataset_use import FailedJob, Use
from services.catalog.access.model import ProjectAccess
from services.catalog.access.obstacles import BY_SOURCE
from services.catalog.access.views import GrantedDataset, UsePage
from services.catalog.datasets.manifests import read_manifest
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.datasets.versions import Version
from services.catalog.datasets.views import DatasetView
from services.catalog.datasets.visibility import known_to, view, visible
from services.catalog.decisions.fingerprint import fingerprint_of
from services.catalog.ledger import commands as ledger
from services.catalog.ledger.views import ReleaseClaim
from shared.aggregate import new_id
from shared.auth import Caller
from shared.endings.departures import has_left
from shared.engine.tables.provenance import PolicyReference
from shared.errors import Forbidden, NotFound, Unavailable, WrongStage
from shared.events import (
    Envelope,
    FileRef,
    JobCancelled,
    JobFailed,
    JobKind,
    JobSucceeded,
    ProjectDelivered,
    ResultRefused,
    ResultStale,
    ServiceRenewed,
    Treatment,
)
from shared.inbound import Paging
from shared.language.french import quoted
from shared.storage import Storage
from shared.store import Store

_TREATING: tuple[JobKind, ...] = ("trial", "full")
"""The kinds of jobs that read what a project was granted."""


def open_dataset(
    store: Store,
    project_id: str,
    dataset_id: str,
    job_id: str = "",
    treatment: Treatment | None = None,
    *,
    kind: JobKind | None = None,
    number: int | None = None,
) -> GrantedDataset:
    """The only door to data: what a granted project reads, now or as a version, recorded as a use.

    Of data that owners were asked for it opens the columns that `treatment` reads, or without one
    those that were granted. It names them beside the reference of the whole table, which opens
    nothing by itself: no route and no method takes one. Compute cuts the columns out before a job
    starts, in a sandbox; a second copy in the store for each grant would be one more to erase.

    Raises Forbidden without a grant, or for a treatment that reads or shows more than was granted,
    Invalid for another project's job, and as `readable`.
    """
    if kind == "trial" and (invented := _invented(store, project_id, dataset_id, treatment)):
        return invented
    access, dataset, datasets = _granted(store, project_id, dataset_id, asks=number is None)
    is_of_others = bool(dataset.deciders(access.holder_id))
    if treatment and is_of_others and is_answered(treatment, dataset, datasets, access.holder_id):
        if dataset.open_tables is None:
            _columns(store, access, dataset_id, treatment)
        return _open_tables(store, access, dataset, job_id, number)
    if is_of_others and access.granted(dataset_id).is_of_tables:
        # It was granted for what its tables answer, and nobody agreed to more.
        raise Forbidden(f"{dataset_id} n'est accordé que par ses tableaux protégés")
    version, table = dataset.readable(number)
    columns = _columns(store, access, dataset_id, treatment)
    access = _count_use(store, access, dataset_id, job_id)
    opened = GrantedDataset.of(dataset, version, table, access.granted(dataset_id), columns)
    opened = _with_terms(opened, dataset, access)
    _record_use(store, access, opened, job_id)
    if opened.is_protected:
        opened.ledger_length, opened.releases = ledger.read_ledger(store, dataset_id, job_id)
    return opened


def _invented(
    store: Store, project_id: str, dataset_id: str, treatment: Treatment | None
) -> GrantedDataset | None:
    """What a trial's rows are invented from; None where it reads the data, or tables that answer.

    Everybody may know it, whatever owners granted, and it is no use of the data.
    """
    access = store.of(ProjectAccess).find_one(project_id)
    if access is None or access.closed:
        return None
    datasets = known_to(store, access.holder_id, {dataset_id, *access.reads})
    dataset = datasets[dataset_id]
    if dataset is None or not _is_invented(dataset, access.holder_id):
        return None
    if treatment and is_answered(treatment, dataset, datasets, access.holder_id):
        if dataset.open_tables:
            return None
        with suppress(Forbidden):
            if access.granted(dataset_id).asked:
                _columns(store, access, dataset_id, treatment)
                return None
    return GrantedDataset.invented(dataset, _tables_of(store, dataset))


def read_by_ended(
    store: Store, project_id: str, dataset_id: str, number: int
) -> GrantedDataset | None:
    """A version of open data that an ended project read; None of all else, also its holder's own.

    It is no use of the data, as no download of it is.
    """
    access = store.of(ProjectAccess).find_one(project_id)
    dataset = store.of(Dataset).find_one(dataset_id)
    grant = access.grant_of(dataset_id) if access and access.closed else None
    if not (access and dataset and grant) or dataset.retirement:
        return None
    if grant.asked or grant.state != "revoked" or dataset.metadata.access != "open":
        return None
    opened = GrantedDataset.of(dataset, *dataset.readable(number), grant, None)
    return opened.model_copy(update={"is_published": _is_published(dataset, access)})


def _is_invented(dataset: Dataset, member_id: str) -> bool:
    """Whether trials of that member run on invented rows; files are none, nor are tables."""
    is_table = dataset.metadata.content == "table" and not (dataset.retirement or dataset.tables_of)
    return is_table and bool(dataset.deciders(member_id))


def _tables_of(store: Store, dataset: Dataset) -> FileRef | None:
    """The protected tables of a dataset that everybody can read; None without any."""
    if dataset.open_tables is None:
        return None
    # Of tables that are retired, or read just now, rows are invented as of none.
    with suppress(Unavailable, WrongStage):
        return _published_tables(store, dataset).readable()[1]
    return None


def _published_tables(store: Store, dataset: Dataset) -> Dataset:
    """The dataset of the protected tables that the data says are published.

    They are two documents. Raises Unavailable where others were published since, WrongStage once
    they are retired.
    """
    tables, publication = store.of(Dataset).find_one(dataset.tables_id), dataset.active_publication
    if tables:
        tables.check_present()
    published = publication.published if publication else None
    is_open = tables and tables.metadata.access == "open"
    if tables and (is_open or (published and tables.shows(published.file))):
        return tables
    raise Unavailable(f"les tableaux protégés de {dataset.id} changent ; redemandez plus tard")


def _granted(
    store: Store, project_id: str, dataset_id: str, *, asks: bool = True
) -> tuple[ProjectAccess, Dataset, DatasetsById]:
    """A project's access, the dataset that it was granted, and all that its treatment reads.

    The latter are looked up for others' restricted data alone. Where owners have to be asked again
    they are, if it `asks`: a job that is repeated does not.
    """
    accesses = store.of(ProjectAccess)
    access = accesses.find_one(project_id)
    if access is None:
        raise Forbidden(f"le projet {project_id} n'a pas accès à {dataset_id}")
    dataset = store.of(Dataset).find_one(dataset_id)
    if dataset:
        access = _reconsidered(store, access, dataset)
    access.granted(dataset_id)
    if dataset is None:
        raise NotFound.of(dataset_id)
    if dataset.retirement:
        dataset.check_present()
    if dataset.is_read_by_source(access.holder_id):
        raise Forbidden(BY_SOURCE.format(dataset.tables_of))
    # Of open data and the holder's own nobody is asked, whatever the treatment reads besides.
    is_of_others = bool(dataset.deciders(access.holder_id))
    datasets = known_to(store, access.holder_id, access.reads) if is_of_others else {}
    if access.must_ask_again(dataset, datasets):
        if asks:
            accesses.change(project_id, lambda current: current.ask_again(dataset, datasets))
        raise Forbidden(f"l'accès à {dataset_id} est devenu restreint : ses propriétaires décident")
    return access, dataset, datasets


def _reconsidered(store: Store, access: ProjectAccess, dataset: Dataset) -> ProjectAccess:
    """The same with what needs nobody's word by now: tables that all may read."""
    if dataset.open_tables is None:
        return access
    datasets = known_to(store, access.holder_id, access.reads)
    if not access.can_reconsider(dataset, datasets):
        return access
    return store.of(ProjectAccess).change(
        access.id, lambda current: current.reconsider(dataset, datasets)
    )


def _open_tables(
    store: Store, access: ProjectAccess, dataset: Dataset, job_id: str, number: int | None = None
) -> GrantedDataset:
    """The protected tables of a dataset, which a project reads in its place.

    It is a use of the dataset, of which no column is read.
    """
    tables = _published_tables(store, dataset)
    version, table = tables.readable()
    if number not in (None, version.number):
        # Which treatments earlier ones answer is not kept.
        raise WrongStage(f"les tableaux protégés de {dataset.id} sont d'une autre version")
    access = _count_use(store, access, dataset.id, job_id)
    opened = GrantedDataset.of(tables, version, table, access.granted(dataset.id), None)
    if dataset.open_tables is None:
        # Results name their inputs: a hash would prove tables of which the project reads a part.
        opened = _with_terms(opened, dataset, access).model_copy(update={"sha256": ""})
    conditions = () if dataset.open_tables else opened.conditions
    if facts := dataset.answering_tables:
        conditions = (*conditions, method_of(facts))
    answers = {"answers_for": known_by_tables(dataset), "conditions": conditions}
    policy = _policy_of(dataset)
    of_data = {"dataset_id": dataset.id, "columns": ()}
    _record_use(store, access, opened.model_copy(update=of_data), job_id, tables.id)
    return opened.model_copy(update={"is_published": True, "policy": policy, **answers})


def _policy_of(dataset: Dataset) -> PolicyReference | None:
    """The policy by which the published tables of a dataset were made."""
    publication = dataset.active_publication
    tables = publication.published if publication else None
    if tables is None:
        return None
    sha256 = fingerprint_of(tables.tables.policy.model_dump_json())
    return PolicyReference(dataset_id=dataset.id, number=tables.number, sha256=sha256)


def _count_use(store: Store, access: ProjectAccess, dataset_id: str, job_id: str) -> ProjectAccess:
    return store.of(ProjectAccess).change(
        access.id, lambda current: current.count_use(dataset_id, job_id)
    )


def open_readable(store: Store, treatment: Treatment, member_id: str) -> tuple[GrantedDataset, ...]:
    """The data of a treatment that a member reads without asking anybody: open data, and its own.

    Of others' restricted tables it is what rows are invented from. Own code is tried on it before a
    project is saved, and nothing is kept of that: no project reads it, and no use is recorded, as
    none is of what anybody downloads. Left out are others' restricted files, and what nobody can
    read now.
    """
    return tuple(_readable(store, treatment, member_id))


def _readable(store: Store, treatment: Treatment, member_id: str) -> Iterator[GrantedDataset]:
    for dataset in known_to(store, member_id, treatment.inputs.values()).values():
        if dataset is None or dataset.retirement:
            continue
        with suppress(Unavailable, WrongStage):
            if _is_invented(dataset, member_id):
                yield GrantedDataset.invented(dataset, _tables_of(store, dataset))
            elif not dataset.deciders(member_id):
                yield GrantedDataset.unasked(dataset)


def _with_terms(opened: GrantedDataset, dataset: Dataset, access: ProjectAccess) -> GrantedDataset:
    """The same with the request that was granted, and whether everybody may read it."""
    grant_id = f"{access.id}.{dataset.id}" if access.granted(dataset.id).asked else ""
    is_published = _is_published(dataset, access)
    return opened.model_copy(update={"is_published": is_published, "grant_id": grant_id})


def _is_published(dataset: Dataset, access: ProjectAccess) -> bool:
    return dataset.metadata.access == "open" and dataset.owner_id != access.holder_id


def reserve_releases(
    store: Store, project_id: str, job_id: str, claims: Iterable[ReleaseClaim]
) -> None:
    """Enter a job's result into the ledgers of the data that it was made of, before it ends.

    Raises Forbidden for data that was not opened for it, or once it ended without a result, as one
    that is cancelled while it runs; and as `ledger.reserve` does.
    """
    if store.of(FailedJob).find_one(job_id):
        raise Forbidden("ce traitement est terminé : rien n'en sort")
    listed_claims = tuple(claims)
    opened = {use.dataset_id for use in _of_job(store, job_id, project_id)}
    if unknown := {claim.entry.dataset_id for claim in listed_claims} - opened:
        raise Forbidden(f"{', '.join(sorted(unknown))} : données qui n'ont pas été ouvertes")
    ledger.reserve(store, project_id, job_id, listed_claims)


def _columns(
    store: Store, access: ProjectAccess, dataset_id: str, treatment: Treatment | None
) -> tuple[str, ...] | None:
    """The columns of a granted dataset that are handed over; None for all."""
    grant = access.granted(dataset_id)
    if not grant.asked:
        return None
    if treatment is None:
        allowed = None if grant.is_for_any_treatment else grant.allowed
        return allowed.reading.columns if allowed else None
    if grant.allowed is None and not grant.is_for_any_treatment:
        raise Unavailable(f"l'accord pour {dataset_id} n'est pas encore lié à un traitement")
    datasets = known_to(store, access.holder_id, treatment.inputs.values())
    bound = bound_of(treatment, dataset_id, datasets, access.holder_id)
    if not grant.covers(bound):
        raise Forbidden(
            f"le traitement lit ou montre de {dataset_id} plus que ce que ses propriétaires ont"
            " accordé"
        )
    return bound.reading.columns


def _record_use(
    store: Store, access: ProjectAccess, opened: GrantedDataset, job_id: str, tables_id: str = ""
) -> None:
    """One use for a job and a dataset, however often the job runs."""
    identifier, uses = f"{job_id or new_id('use')}.{opened.dataset_id}", store.of(Use)
    new = Use(id=identifier, dataset_id=opened.dataset_id, job_id=job_id)
    note = partial(
        Use.open, access=access, version=opened.version, columns=opened.columns, tables_id=tables_id
    )
    uses.change(identifier, note, new=new.model_copy)
    if failed := store.of(FailedJob).find_one(job_id):
        uses.change(identifier, failed.end)


def download(
    store: Store, dataset_id: str, caller: Caller, name: str = "", *, number: int | None = None
) -> tuple[int, FileRef]:
    """The version and what `caller` may take away of it: its table, or a named file.

    Of a dataset of files that is the upload, by its name. It is the newest version that is
    published, or the one of that number.

    Restricted data leaves only to its owner, the team that made it, and the lab's staff: projects
    read it in the sandbox. Its owners see who else took it away. Raises Forbidden for others, and
    for all but the owner once they left; Gone, for all but owner and staff, when it is retired.
    """
    dataset = visible(store, dataset_id, caller)
    version, table = dataset.check_downloadable(caller, number)
    is_noted = dataset.is_of_others_than(caller)
    if is_noted and has_left(store, caller.member_id):
        raise Forbidden("ce membre a quitté le Datalab : il n'en emporte plus rien d'autrui")
    file = _file_of(version, name) if name else table
    if version.listing and not name:
        raise WrongStage(
            f"ce jeu est fait de fichiers : demandez {quoted(version.filename)}, tel qu'il a été"
            f" déposé (/datasets/{dataset_id}/files/{quote(version.filename)})"
        )
    if is_noted:
        use = Use(id=f"{new_id('use')}.{dataset_id}", dataset_id=dataset_id)
        use.note_download(caller, version.number)
        store.of(Use).save(use)
    return version.number, file


def note_succeeded(store: Store, files: Storage, envelope: Envelope[JobSucceeded]) -> None:
    """Note on the uses of a job that succeeded which result it made."""
    event = envelope.data
    uses = list(_of_job(store, event.job_id, event.project_id)) if event.kind in _TREATING else []
    if not uses:
        return
    manifest = read_manifest(files, event.result)
    for use in uses:
        succeed = partial(Use.succeed, kind=event.kind, manifest=manifest)
        store.of(Use).change(use.id, succeed, because=envelope)


def note_refused(store: Store, envelope: Envelope[ResultRefused]) -> None:
    """Note on the uses of a job that a reviewer lets nothing of it leave."""
    event = envelope.data
    for use in list(_of_job(store, event.job_id, event.project_id)):
        store.of(Use).change(use.id, partial(Use.refuse, kind=event.kind), because=envelope)


def note_stale(store: Store, envelope: Envelope[ResultStale]) -> None:
    """Note on the uses of a job since when what it made of them is not up to date."""
    event = envelope.data
    since = datetime.fromisoformat(event.since)
    for use in list(_of_job(store, event.job_id, event.project_id)):
        store.of(Use).change(use.id, lambda use: use.note_stale(since), because=envelope)


def view_dataset(store: Store, dataset_id: str, caller: Caller) -> DatasetView:
    """A dataset as `caller` may see it; of a result, whether it is up to date.

    Who may not know what a result is made of is not told when that changes. Raises NotFound.
    """
    dataset_view = view(store, dataset_id, caller)
    origin = dataset_view.versions[-1].provenance if dataset_view.versions else None
    uses = _of_job(store, origin.job_id, origin.project_id) if origin else ()
    since = min((use.stale_since for use in uses if use.stale_since), default=None)
    return dataset_view.model_copy(update={"stale_since": since})


def note_failed(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """Note on the uses of a job why it made nothing, also on uses that are saved later."""
    event = envelope.data
    if event.kind not in _TREATING:
        return
    # Kept before the uses are looked for: one that is saved after the look finds it.
    failed = store.of(FailedJob).add(FailedJob.of(event))
    for use in list(_of_job(store, event.job_id, event.project_id)):
        store.of(Use).change(use.id, failed.end, because=envelope)


def link_result(
    store: Store, envelope: Envelope[ProjectDelivered] | Envelope[ServiceRenewed], dataset_id: str
) -> None:
    """Note on the uses of a job whose result is delivered which dataset came of them."""

    def link(use: Use) -> None:
        use.delivered_as = dataset_id

    for use in _of_job(store, envelope.data.job_id, envelope.data.project_id):
        store.of(Use).change(use.id, link, because=envelope)


def list_uses(store: Store, dataset_id: str, query: Paging, caller: Caller) -> UsePage:
    """One page of a dataset's uses, newest first, for its owners and staff.

    Raises Forbidden for others, NotFound when they may not even know of the dataset.
    """
    dataset = visible(store, dataset_id, caller)
    dataset.check_insider(caller, "qui s'en est servi")
    uses, following = store.of(Use).page(
        {"dataset_id": dataset.id}, after=query.after, limit=query.limit, descending=True
    )
    holder_id = "" if caller.is_staff else caller.member_id
    # How often a job began may tell its holder, who owns one input, of the others.
    views = [use.once_opened if holder_id and use.holder_id == holder_id else use for use in uses]
    return UsePage.of((views, following))


def _of_job(store: Store, job_id: str, project_id: str | None) -> Iterator[Use]:
    # Whoever opens data by RPC names the job itself, and may name another project's.
    uses = store.of(Use).every({"job_id": job_id})
    return (use for use in uses if use.project_id == project_id)


def _file_of(version: Version, name: str) -> FileRef:
    """The file of that name that came with a result, or the upload itself; else NotFound."""
    if version.listing and name == version.filename:
        return version.file
    file = next((output.file for output in version.files if output.name == name), None)
    if file is None:
        raise NotFound(f"cette version n'a pas de fichier {name}")
    return file
