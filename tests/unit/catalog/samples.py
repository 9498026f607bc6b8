"""Datasets, profiles and references that the catalogue's unit tests share."""

from services.catalog.datasets.metadata import AccessLevel, Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from shared.events import FileRef
from shared.tables.manifest import Column, Profile


def ref(letter: str) -> FileRef:
    """A reference to made-up bytes; `letter` is a hexadecimal digit."""
    return FileRef(sha256=letter * 64, size=1)


def profile(*keys: str, rows: int = 3) -> Profile:
    """A profile with one column for each kind of key."""
    columns = [Column(name=key, kind="text", filled=rows, distinct=rows, key=key) for key in keys]
    return Profile(rows=rows, encoding="utf-8", delimiter=";", columns=tuple(columns))


def metadata(
    title: str = "Communes",
    *,
    theme: str = "territoire",
    territory: tuple[str, ...] = (),
    access: AccessLevel = "open",
    licence: str = "Licence Ouverte",
) -> Metadata:
    """Metadata with a title and what a test cares about."""
    return Metadata(title=title, theme=theme, territory=territory, licence=licence, access=access)


def registered(
    identifier: str = "dts_a", about: Metadata | None = None, *, owner_id: str = "mbr_owner"
) -> Dataset:
    """A dataset with one version that waits to be read."""
    about = about or metadata()
    dataset = Dataset(id=identifier, owner_id=owner_id, metadata=about)
    dataset.register(VersionContent(file=ref("a"), filename="a.csv"))
    return dataset


def published(
    identifier: str = "dts_a",
    about: Metadata | None = None,
    *,
    keys: tuple[str, ...] = (),
    owner_id: str = "mbr_owner",
) -> Dataset:
    """A dataset whose first version was read."""
    dataset = registered(identifier, about, owner_id=owner_id)
    dataset.publish(1, ref("b"), profile(*keys), "job_1")
    return dataset
