"""Brings into a job's folder what it reads."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from services.compute.execution.job_folder import JobFolder
from services.compute.jobs.model import Job, Waiting
from shared.errors import Forbidden, NotFound, Rejected, Unavailable, WrongStage
from shared.events import FileRef, Frozen
from shared.storage import Storage
from shared.tables.manifest import Input

SOURCE = "source"
"""What an ingest job's only input is called."""


class Interrupted(Exception):
    """The run shall stop before it is through."""


class Catalog(Protocol):
    """The one question compute asks the catalogue."""

    def open_dataset(self, project_id: str, dataset_id: str, job_id: str) -> Any:  # noqa: ANN401 - JSON
        """The dataset as the project may read it for that job; a LabError says why it cannot."""


class OpenedDataset(Frozen):
    """The catalogue's answer: a dataset's present version and its canonical table."""

    dataset_id: str
    title: str
    version: int
    licence: str
    sha256: str
    file: FileRef
    purpose: str = ""
    until: str | None = None


class Inputs:
    """Finds a job's inputs, and copies them while `should_stop` allows."""

    def __init__(self, catalog: Catalog, files: Storage, should_stop: Callable[[], bool]) -> None:
        self._catalog, self._files, self._should_stop = catalog, files, should_stop

    def gather(self, job: Job, folder: JobFolder) -> list[Input]:
        """Copy every input into the folder, numbered in this order.

        Raises Rejected when the job can never have one, Unavailable when it cannot now.
        """
        return [
            self._fetch(named, file, folder.input_path(number))
            for number, (named, file) in enumerate(self._find(job))
        ]

    def _find(self, job: Job) -> Iterator[tuple[Input, FileRef]]:
        if job.source is not None:
            yield _uploaded(job, job.source), job.source
        opened: dict[str, tuple[Input, FileRef]] = {}
        for name, dataset_id in job.reads.items():
            # Under two names it is one use, and both are the same version.
            if dataset_id not in opened:
                opened[dataset_id] = self._open(name, job, dataset_id)
            named, file = opened[dataset_id]
            yield named.model_copy(update={"name": name}), file

    def _open(self, name: str, job: Job, dataset_id: str) -> tuple[Input, FileRef]:
        try:
            answer = self._catalog.open_dataset(job.project_id or "", dataset_id, job.id)
        except Forbidden as error:
            raise Rejected(f"le projet n'a pas accès aux données « {name} »") from error
        except NotFound as error:
            raise Rejected(f"les données « {name} » n'existent pas") from error
        except WrongStage as error:
            raise Rejected(
                f"aucune version des données « {name} » n'est publiée : restée chez leur"
                " producteur, illisible, ou retenue tant que son propriétaire n'a pas confirmé la"
                " base légale"
            ) from error
        except Unavailable as error:
            raise Waiting(
                f"le catalogue lit encore les données « {name} », ou ne répond pas"
            ) from error
        opened = OpenedDataset.model_validate(answer)
        return Input(name=name, **opened.model_dump(exclude={"file"})), opened.file

    def _fetch(self, named: Input, file: FileRef, target: Path) -> Input:
        try:
            with target.open("wb") as out:
                for chunk in paced(self._files.chunks(file)):
                    out.write(chunk)
                    if self._should_stop():
                        raise Interrupted
        except NotFound as error:
            raise Rejected(f"le fichier des données « {named.name} » n'existe plus") from error
        return named


def paced(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, letting other green threads run between them."""
    for chunk in chunks:
        yield chunk
        time.sleep(0)


def _uploaded(job: Job, source: FileRef) -> Input:
    return Input(
        name=SOURCE,
        dataset_id=job.dataset_id or "",
        version=job.dataset_version or 0,
        sha256=source.sha256,
        title=job.title,
    )
