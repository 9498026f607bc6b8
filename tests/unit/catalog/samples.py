"""Datasets, profiles and references that the catalogue's unit tests share."""

from datetime import date
from typing import Any

from services.catalog.datasets.metadata import AccessLevel, Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import Harvested
from services.catalog.datasets.versions import VersionContent, VersionProvenance
from services.catalog.licences.licences import LicensedInput
from shared.engine.tables.manifest import Column, Profile
from shared.events import FileRef, ProjectSubmitted


def ref(letter: str) -> FileRef:
    """A reference to made-up bytes; `letter` is a hexadecimal digit."""
    return FileRef(sha256=letter * 64, size=1)


def profile(*keys: str, rows: int = 3) -> Profile:
    """A profile with one column for each kind of key."""
    columns = [Column(name=key, kind="text", filled=rows, distinct=rows, key=key) for key in keys]
    return Profile(rows=rows, encoding="utf-8", delimiter=";", columns=tuple(columns))


def with_columns(dataset: Dataset, names: tuple[str, ...]) -> Dataset:
    """The same dataset, with these columns of text."""
    columns = tuple(Column(name=name, kind="text", filled=3, distinct=3) for name in names)
    for version in dataset.versions:
        version.profile = Profile(rows=3, encoding="utf-8", columns=columns)
    return dataset


def sources_under(*licences: str) -> tuple[LicensedInput, ...]:
    """Data that a result was made of, under these licences."""
    return tuple(
        LicensedInput(title=f"T{at}", producer="P", licence=licence, updated=date(2026, 1, 1))
        for at, licence in enumerate(licences)
    )


def made_of(*sources: LicensedInput, **more: Any) -> VersionProvenance:
    """How a project's result came of these sources."""
    fields: dict[str, Any] = {"project_id": "prj_1", "job_id": "job_1", "manifest": ref("c")}
    return VersionProvenance(**fields, inputs=(), sources=sources, steps=(), software={}, **more)


def harvested_record(change: str = "new", harvest_id: str = "hrv_1") -> Harvested:
    """What a harvest found of a dataset in another catalogue."""
    return Harvested.model_validate(
        {
            "source_id": "src_1",
            "identifier": "https://portail.example/1",
            "fingerprint": "a" * 64,
            "harvest_id": harvest_id,
            "change": change,
            "updated": "2026-03-01",
        }
    )


def metadata(
    title: str = "Communes",
    *,
    theme: str = "territoire",
    territory: tuple[str, ...] = (),
    access: AccessLevel = "open",
    licence: str = "Licence Ouverte",
    **more: Any,
) -> Metadata:
    """Metadata with a title and what a test cares about."""
    about = {"theme": theme, "territory": territory, "licence": licence, "access": access}
    return Metadata.model_validate({"title": title, **about, **more})


def registered(
    identifier: str = "dts_a",
    about: Metadata | None = None,
    *,
    owner_id: str = "mbr_owner",
    project_id: str | None = None,
    provenance: VersionProvenance | None = None,
) -> Dataset:
    """A dataset with one version that waits to be read; a project's if it has a `provenance`."""
    fields = {"id": identifier, "owner_id": owner_id, "project_id": project_id}
    dataset = Dataset.model_validate({**fields, "metadata": about or metadata()})
    dataset.register(VersionContent(file=ref("a"), filename="a.csv", provenance=provenance))
    return dataset


def published(
    identifier: str = "dts_a",
    about: Metadata | None = None,
    *,
    keys: tuple[str, ...] = (),
    shown: Profile | None = None,
    **origin: Any,
) -> Dataset:
    """A dataset whose first version was read: it has these keys, or is as `shown`."""
    dataset = registered(identifier, about, **origin)
    dataset.publish(1, ref("b"), shown or profile(*keys), "job_1")
    return dataset


def project(**changes: object) -> ProjectSubmitted:
    """A project about vacant homes in the Eure; `changes` replace its fields."""
    fields = {
        "project_id": "prj_1",
        "holder_id": "mbr_h",
        "title": "Où sont les logements vacants ?",
        "problem": "Repérer les communes où des logements restent vides.",
        "theme": "habitat",
        "territory": ("27",),
    }
    return ProjectSubmitted.model_validate({**fields, **changes})
