"""Datasets of every kind as DCAT-AP has them, for the tests of the export."""

from datetime import date

from rdflib import Graph

from services.catalog.datasets.metadata import Contact, Metadata, Period
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import Harvested
from services.catalog.datasets.versions import VersionContent, VersionProvenance
from services.catalog.dcat.describe import PublishingLab, describe
from services.catalog.dcat.syntax import Graphs, Syntax, write
from shared.engine.contract.harvested_page import Distribution
from shared.engine.tables.manifest import ColumnDescription, Input, Output
from shared.events import FileRef, Step
from tests.unit.catalog.samples import metadata, profile, published, ref

LAB = PublishingLab(
    "https://lab.fr/donnees",
    "Le Lab",
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "nonprofit",
)
BASE = "https://lab.fr/donnees/datasets"
PARSERS: dict[Syntax, str] = {"jsonld": "json-ld", "turtle": "turtle", "rdfxml": "xml"}
"""What rdflib calls each syntax."""

PARQUET = "application/vnd.apache.parquet"

RICH = Metadata(
    title="Bornes de recharge",
    description="Où charger un véhicule.",
    theme="Mobilité",
    keywords=("irve", "énergie"),
    territory=("14", "14118", "200065597"),
    licence="lov2",
    access="open",
    producer="Région",
    producer_kind="regional_authority",
    source_url="https://region.fr/bornes?page=été",
    temporal=Period(start=date(2020, 1, 1), end=date(2020, 12, 31)),
    frequency="ANNUAL",
    contact=Contact(name="Service données", email="donnees@region.fr", url="https://region.fr"),
    hvd="mobility",
    columns=(
        ColumnDescription(name="commune", description="code officiel, < 6 caractères"),
        ColumnDescription(name="puissance", description="en kW ; dans aucune version"),
    ),
)


def table(letter: str = "b") -> FileRef:
    """A reference to a made-up table."""
    return FileRef(sha256=letter * 64, size=1234, media_type=PARQUET)


def rich(about: Metadata = RICH, identifier: str = "dts_rich") -> Dataset:
    """An uploaded dataset of which everything is known."""
    dataset = Dataset(id=identifier, owner_id="mbr_owner", metadata=about)
    dataset.register(VersionContent(file=ref("a"), filename="bornes.csv", note="première"))
    dataset.publish(1, table(), profile("commune"), "job_1")
    return dataset


def result(about: Metadata = RICH) -> Dataset:
    """A delivered project's result, with a chart."""
    outputs = (
        Output(name="result.parquet", file=table("a")),
        Output(name="chart.png", file=FileRef(sha256="c" * 64, size=9, media_type="image/png")),
    )
    provenance = VersionProvenance(
        project_id="prj_1",
        job_id="job_full",
        manifest=ref("d"),
        inputs=(Input(name="t", dataset_id="dts_in", version=2, sha256="e" * 64, title="Entrée"),),
        attribution="Source : Région",
        steps=(Step(application="aggregate", inputs={"table": "t"}, output="r"),),
        software={},
    )
    dataset = Dataset(id="dts_result", owner_id="mbr_holder", metadata=about, project_id="prj_1")
    upload = VersionContent(
        file=table("a"), filename="result.parquet", files=outputs, provenance=provenance
    )
    dataset.register(upload)
    dataset.publish(1, table(), profile("epci"), "job_2")
    return dataset


def harvested(about: Metadata = RICH) -> Dataset:
    """A dataset that another catalogue has."""
    dataset = Dataset(id="dts_far", owner_id="mbr_source", metadata=about)
    dataset.harvest(
        Harvested(
            source_id="src_1",
            identifier="5b6f7c",
            fingerprint="f" * 64,
            modified="2024-03-01T10:00:00+01:00",
            page="https://portail.fr/bornes",
            distributions=(
                Distribution(
                    url="https://portail.fr/bornes.csv",
                    format="csv",
                    media_type="text/csv",
                    size=5,
                    checksum="sha1:" + "a" * 40,
                    modified="2024-03-01",
                ),
            ),
            harvest_id="hrv_1",
            change="new",
            updated="2024-03-01",
        )
    )
    return dataset


def bare() -> Dataset:
    """A dataset of which no more is known than one must say."""
    return published("dts_bare", metadata(theme="divers"))


def graph_of(dataset: Dataset) -> Graph:
    """Its description, as its insiders see it."""
    return describe(dataset, dataset.versions, LAB)


def written(graphs: Graphs, syntax: Syntax) -> bytes:
    """The whole document."""
    return b"".join(write(graphs, syntax))
