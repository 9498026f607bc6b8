"""Has protected tables made of restricted data, and publishes those that its owner agreed to."""

from services.catalog.datasets.manifests import (
    close_percent_of,
    output_of,
    read_manifest,
    tables_of,
)
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from services.catalog.decisions.publication import VersionTables
from services.catalog.protection.editions import editions_of_others, why_waiting
from services.catalog.protection.minimum import check_units
from services.catalog.protection.proposing import proposed_policy, with_units_told
from services.catalog.protection.tables_dataset import FILENAME, metadata_of, title_of, version_of
from services.catalog.protection.views import PolicyView
from shared.auth import Caller
from shared.engine.contract.policy import ReleasePolicy
from shared.errors import NotFound
from shared.events import Envelope, JobCancelled, JobFailed, JobSucceeded
from shared.events.event import FileRef
from shared.storage import Storage
from shared.store import Store

_DECIDES = "décide de ce qui peut en être montré"
_REMOVED = "il n'est plus fait de tableaux de ces données ; ce qui en est sorti est sorti"
_REPLACED = "d'autres tableaux les remplacent"


def set_policy(store: Store, dataset_id: str, owner_id: str, policy: ReleasePolicy) -> Dataset:
    """Have the tables of the owner's dataset made by that policy, for its owner to see.

    Raises Forbidden for anybody but the owner, Invalid for fewer units behind a figure than the
    rules of release ask for, and as `ReleasePolicy.check_noise` and `Dataset.set_policy` do.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_changeable(owner_id, _DECIDES)
        profile = dataset.profile
        dataset.set_policy(with_units_told(policy, profile) if profile else policy)
        check_units(dataset, policy)
        policy.check_noise()

    return store.of(Dataset).change(dataset_id, decide)


def agree(
    store: Store, dataset_id: str, owner_id: str, number: int, version: int | None
) -> Dataset:
    """Publish the tables that the owner saw by the policy of that number, and those to come.

    Those of `version` at once, however many left in a year.
    Raises Forbidden for anybody but the owner, and as `Dataset.agree_to_tables` does.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_changeable(owner_id, _DECIDES)
        dataset.agree_to_tables(number, version)

    return store.of(Dataset).change(dataset_id, decide)


def remove_policy(store: Store, dataset_id: str, owner_id: str) -> Dataset:
    """Make no tables of the owner's dataset, or no more; Forbidden for anybody but the owner."""

    def decide(dataset: Dataset) -> None:
        dataset.check_changeable(owner_id, _DECIDES)
        dataset.remove_policy()

    return store.of(Dataset).change(dataset_id, decide)


def read_policy(store: Store, dataset_id: str, caller: Caller) -> PolicyView:
    """What may be shown of a dataset: all of it for owner and staff, for others what is published.

    Raises NotFound for others where nothing is, or not for everybody.
    """
    dataset = visible(store, dataset_id, caller)
    publication = dataset.active_publication
    if caller.may_see(dataset.owner_id):
        fields = dict(publication) if publication else {}
        profile = dataset.profile
        proposal = profile and proposed_policy(profile, dataset.metadata)
        return PolicyView(
            **fields,
            waiting=why_waiting(store, dataset),
            proposal=proposal,
            shows_nothing=dataset.shows_nothing,
        )
    tables = _tables(dataset, caller)
    return PolicyView(
        policy=tables.tables.policy,
        number=tables.number,
        published=tables,
        tables_id=dataset.tables_id,
    )


def read_tables(store: Store, dataset_id: str, caller: Caller) -> FileRef:
    """The CSV of the tables that the caller may see: of owner and staff the latest.

    Raises NotFound where there are none.
    """
    return _tables(visible(store, dataset_id, caller), caller).file


def _tables(dataset: Dataset, caller: Caller) -> VersionTables:
    publication, tables = dataset.active_publication, None
    if publication is not None:
        is_insider = caller.may_see(dataset.owner_id)
        tables = publication.latest if is_insider else publication.open_tables
    if tables is None:
        raise NotFound("ce jeu de données n'a pas de tableaux protégés")
    return tables


def note_tables(store: Store, files: Storage, envelope: Envelope[JobSucceeded]) -> None:
    """Keep the tables that a job made; publish them where the owner agreed to such."""
    event = envelope.data
    if event.kind != "protect" or event.dataset_id is None:
        return
    manifest = read_manifest(files, event.result)
    tables, file = tables_of(manifest), output_of(manifest, FILENAME)
    version = manifest.inputs[0].version if manifest.inputs else event.dataset_version or 0
    store.of(Dataset).change(
        event.dataset_id,
        lambda dataset: dataset.note_tables(
            version, tables, file, event.job_id, close_percent_of(manifest)
        ),
        because=envelope,
    )
    settle(store, event.dataset_id)


def note_no_tables(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """Keep why a job made no tables, for the owner."""
    event = envelope.data
    if event.kind != "protect" or event.dataset_id is None:
        return
    version, reason = event.dataset_version or 0, event.reason
    store.of(Dataset).change(
        event.dataset_id, lambda dataset: dataset.note_no_tables(version, reason), because=envelope
    )


def settle(store: Store, dataset_id: str) -> str:
    """Bring the dataset of protected tables in line with the one that they are made of.

    The id is that of either. In whatever order things happen, the last call sees all of them.
    Returns the id of the latter.
    """
    dataset = store.of(Dataset).find_one(dataset_id)
    source_id = dataset.tables_of if dataset and dataset.tables_of else dataset_id
    source = store.of(Dataset).find_one(source_id)
    if source and source.tables_id:
        _publish(store, source)
    if source:
        _retire_others(store, source_id)
    return source_id


def _publish(store: Store, source: Dataset) -> None:
    """Put the tables that may leave into their dataset, and note once they can be read.

    Where that was retired by itself, no more are made.
    """
    datasets = store.of(Dataset)
    existing = datasets.find_one(source.tables_id)
    if existing and existing.retired:
        datasets.change(source.id, Dataset.remove_policy)
        return
    of_others = editions_of_others(store, source)
    source = datasets.change(source.id, lambda current: current.enter_edition(of_others))
    tables = source.publication.leaving if source.publication else None
    if tables is None:
        return
    tables_id = source.tables_id
    metadata, version = metadata_of(source, tables), version_of(source, tables)
    new = Dataset(id=tables_id, owner_id=source.owner_id, metadata=metadata, tables_of=source.id)

    def put_in(dataset: Dataset) -> None:
        update = {"description": metadata.description, "access": metadata.access}
        dataset.describe(dataset.metadata.model_copy(update=update))
        dataset.register(version)

    published = datasets.change(tables_id, put_in, new=new.model_copy).published
    if published:
        datasets.change(source.id, lambda current: current.note_published_tables(published.file))


def _retire_others(store: Store, source_id: str) -> None:
    """Retire datasets of tables that are made no more, with what a deletion leaves of them."""
    datasets = store.of(Dataset)
    # Read after what was published: it may have been removed meanwhile.
    source = datasets.get(source_id)
    reason = _REPLACED if source.tables_id else _REMOVED
    if source.retired:
        reason = f"les données d'origine sont retirées : {source.retired}"

    def end(tables: Dataset) -> None:
        tables.retire_here(source.owner_id, reason)
        if source.deletion:
            tables.metadata = tables.metadata.without_content(title_of(source))

    for tables in datasets.every({"tables_of": source_id}):
        if tables.id != source.tables_id:
            datasets.change(tables.id, end)
