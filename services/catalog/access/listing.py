"""Lists the files of a dataset that is no table."""

from itertools import islice

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from shared.aggregate import ViewPage
from shared.auth import Caller
from shared.engine.tables.files import ListedFile
from shared.engine.tables.privacy import at_most
from shared.errors import Forbidden, Invalid, WrongStage
from shared.events.event import FileRef
from shared.inbound import Paging
from shared.storage import Storage
from shared.store import Store


class FilePage(ViewPage[ListedFile]):
    """One page of the files of the version that is shown."""


def list_files(
    store: Store, files: Storage, dataset_id: str, query: Paging, caller: Caller
) -> FilePage:
    """One page of a dataset's files by name, with hashes for those who may download them.

    Others are told a bound of each one's size: that of a file that one has would prove it. Raises
    WrongStage for a table, and Forbidden where the owner states that persons are in the files:
    their names alone may tell of them.
    """
    dataset = visible(store, dataset_id, caller)
    dataset.check_kept(caller)
    listing = _listing_of(dataset, caller)
    first = _place_of(query.after)
    lines = islice(files.read(listing).splitlines(), first, first + query.limit + 1)
    listed_files = [ListedFile.model_validate_json(line) for line in lines]
    more = len(listed_files) > query.limit
    page = listed_files[: query.limit]
    if not dataset.may_be_downloaded_by(caller):
        page = [listed_file.model_copy(update={"sha256": None}) for listed_file in page]
    if not dataset.shows_counts_to(caller):
        page = list(map(_for_others, page))
    return FilePage(items=page, next=str(first + query.limit) if more else None)


def _for_others(listed_file: ListedFile) -> ListedFile:
    bounds = {"size": at_most(listed_file.size), "width": None, "height": None}
    return listed_file.model_copy(update=bounds)


def _listing_of(dataset: Dataset, caller: Caller) -> FileRef:
    """The list of the version that `caller` is shown."""
    version = dataset.current_version if caller.may_see(*dataset.insiders) else dataset.published
    if dataset.metadata.content != "files":
        raise WrongStage("ce jeu est un tableau : il n'a pas de liste de fichiers")
    if version is None or version.listing is None:
        raise WrongStage("les fichiers de ce jeu ne sont pas encore lus, ou n'ont pas pu l'être")
    named = version.privacy
    if (named is None or named.verdict != "none") and not dataset.may_be_downloaded_by(caller):
        raise Forbidden(
            "ces fichiers à accès restreint contiennent des données personnelles : leurs noms ne"
            " sont montrés qu'à ceux qui peuvent les télécharger"
        )
    return version.listing


def _place_of(after: str | None) -> int:
    if after is not None and not (after.isascii() and after.isdigit()):
        raise Invalid("n'est pas le `next` d'une page", "after")
    return int(after or 0)
