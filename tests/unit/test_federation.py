"""What one lab's catalogue exports, another lab's sandbox reads: nothing is lost on the way."""

from pathlib import Path
from typing import get_args

import pytest
from rdflib import Graph

from services.catalog.datasets.metadata import HighValue, Language
from services.catalog.datasets.model import Dataset
from services.catalog.dcat.describe import CataloguePage, describe_page, next_page
from services.catalog.dcat.syntax import Syntax
from shared.catalogues.eu_codes import HIGH_VALUE, LANGUAGES, PUBLISHERS, THEMES, PublisherKind
from shared.engine.contract.harvested_page import Record
from shared.engine.portals.dcat import items_of, next_of, record_of
from shared.engine.portals.rdf_parsing import graph_of, graph_of_json, read_json, syntax_of
from tests.unit.catalog.dcat.described import (
    BASE,
    LAB,
    RICH,
    bare,
    harvested,
    result,
    rich,
    written,
)

RESTRICTED = RICH.model_copy(update={"access": "restricted", "hvd": None, "language": "br"})


def page_of(*datasets: Dataset) -> CataloguePage:
    """The first page of a longer catalogue."""
    seen = [(dataset, dataset.versions) for dataset in datasets]
    return CataloguePage(datasets=seen, asked={"limit": "2"}, next="dts_b")


def read(page: CataloguePage, syntax: Syntax, folder: Path) -> Graph:
    """The page as the sandbox reads it from a file."""
    source = folder / "page"
    source.write_bytes(written(describe_page(page, LAB), syntax))
    kind = syntax_of(source, "")
    return graph_of_json(read_json(source), "") if kind == "json" else graph_of(source, kind, "")


def records_of(page: CataloguePage, syntax: Syntax, folder: Path) -> dict[str, Record]:
    """What another lab would keep of each dataset, by identifier."""
    return {key: record_of(node) for key, _, node in items_of(read(page, syntax, folder))}


def test_data_is_known_again_by_all_it_was_called_on_the_way(tmp_path: Path) -> None:
    """From lab to lab each adds its own name: whoever has it already finds the one it gave."""
    (far,) = records_of(page_of(harvested()), "turtle", tmp_path).values()
    assert (far.identifier, far.others) == ("dts_far", ("5b6f7c",))
    again = harvested()
    assert again.harvested
    again.harvested = again.harvested.model_copy(
        update={"identifier": far.identifier, "others": far.others}
    )
    (farther,) = records_of(page_of(again), "turtle", tmp_path).values()
    assert farther.others == ("5b6f7c", "dts_far")


@pytest.mark.parametrize("syntax", get_args(Syntax))
def test_metadata_arrives_as_it_was_said(syntax: Syntax, tmp_path: Path) -> None:
    """Every field, from every syntax."""
    records = records_of(page_of(rich(), rich(RESTRICTED, "dts_shut")), syntax, tmp_path)
    assert set(records) == {"dts_rich", "dts_shut"}
    rich_record = records["dts_rich"]
    assert (rich_record.title, rich_record.description) == (RICH.title, RICH.description)
    assert (rich_record.theme, set(rich_record.keywords)) == (
        THEMES["TRAN"],
        {*RICH.keywords, RICH.theme},
    )
    assert set(rich_record.territory) == set(RICH.territory)
    assert (rich_record.producer, rich_record.frequency, rich_record.hvd) == (
        RICH.producer,
        RICH.frequency,
        RICH.hvd,
    )
    assert rich_record.producer_kind == RICH.producer_kind
    assert (rich_record.start, rich_record.end) == ("2020-01-01", "2020-12-31")
    assert (rich_record.contact, rich_record.contact_email) == (
        "Service données",
        "donnees@region.fr",
    )
    assert (rich_record.language, rich_record.restricted) == ("fr", False)
    assert rich_record.columns == RICH.columns[:1]
    assert rich_record.licence == "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
    assert (records["dts_shut"].language, records["dts_shut"].restricted) == ("br", True)


def test_files_arrive_with_what_they_are_checked_by(tmp_path: Path) -> None:
    """Where to fetch them, their size, hash and type; restricted ones where to ask for them."""
    records = records_of(page_of(result(), rich(RESTRICTED, "dts_shut")), "turtle", tmp_path)
    files = {file.url: file for file in records["dts_result"].distributions}
    table = files[f"{BASE}/dts_result/table"]
    assert (table.size, table.checksum) == (1234, "sha256:" + "b" * 64)
    assert (table.format, table.media_type) == ("PARQUET", "application/vnd.apache.parquet")
    assert f"{BASE}/dts_result/files/chart.png" in files
    assert [file.url for file in records["dts_shut"].distributions] == [f"{BASE}/dts_shut"]


def test_the_reader_finds_the_next_page(tmp_path: Path) -> None:
    """By Hydra, as the export wrote it."""
    page = page_of(bare())
    assert next_of(read(page, "turtle", tmp_path)) == str(next_page(page, LAB))


def test_every_word_of_the_metadata_has_its_code() -> None:
    """Else an owner could say what cannot be exported."""
    assert set(HIGH_VALUE) == set(get_args(HighValue))
    assert set(LANGUAGES) == set(get_args(Language))
    assert set(PUBLISHERS) == set(get_args(PublisherKind))
