"""Reads one page of another catalogue: an entry for each dataset, and where the next page is."""

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.engine.contract.harvested_page import ENTRIES, PageEntry, PageReport, Record, in_french
from shared.engine.contract.result import OutputFile, Report
from shared.engine.contract.work import Work
from shared.engine.database import Say
from shared.engine.portals import datagouv, dcat
from shared.engine.portals.rdf_parsing import graph_of, graph_of_json, read_json, syntax_of
from shared.engine.portals.sanitising import LABEL
from shared.engine.reading.formats.archive import unpack
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected

_FAULTS = {
    "identifier": "rien qui l'identifie : ni identifiant, ni adresse, ni page d'accueil",
    "title": "il n'a pas de titre",
}
_FORMATS = {"json": "json-ld", "xml": "rdf-xml", "turtle": "turtle"}


class Item(NamedTuple):
    """A dataset of a page that is not read yet."""

    identifier: str
    name: str
    read: Callable[[], Record]


class Page(NamedTuple):
    """What a page holds, and the address of the page after it."""

    format: str
    items: list[Item]
    next: str | None


def read_page(
    folder: Path,
    work: Work,
    memory_bytes: int,  # noqa: ARG001 - the sandbox counts the memory of all that is read
    say: Say,
) -> tuple[list[OutputFile], list[Report]]:
    """Read the job's only input; returns the file of its entries, and a PageReport.

    Raises Rejected, in French, when the page as a whole cannot be read.
    """
    (input_name,) = work.inputs.values()
    output = folder / "out" / ENTRIES
    say(0.0, "lit la page")
    with TemporaryDirectory(prefix="unpacked-", dir=folder / "out") as unpacked:
        source, _name = unpack(folder / input_name, "page", Path(unpacked), Repairs())
        page = _page(source, work)
    read = refused = 0
    with output.open("w", encoding="utf-8") as file:
        for entry in _entries(page):
            file.write(entry.model_dump_json(exclude_defaults=True) + "\n")
            read, refused = read + 1, refused + (entry.record is None)
    report = PageReport(format=page.format, read=read, refused=refused, next=page.next)
    if not read:
        # The store keeps no empty file; a blank line is no entry.
        output.write_text("\n")
    file_made = OutputFile(name=ENTRIES, path=f"out/{ENTRIES}", media_type="application/jsonl")
    return [file_made], [report.model_dump()]


def _page(source: Path, work: Work) -> Page:
    if work.catalogue == "data.gouv":
        document: Any = read_json(source)
        items = datagouv.items_of(document)
        read = [Item(id_, name, partial(datagouv.record_of, item)) for id_, name, item in items]
        return Page("data.gouv", read, datagouv.next_of(document))
    syntax = syntax_of(source, work.media_type)
    document = read_json(source) if syntax == "json" else None
    if syntax == "json":
        graph = graph_of_json(document, work.url)
    else:
        graph = graph_of(source, syntax, work.url)
    # What says nothing at all may be the page after the last one.
    if document or len(graph):
        dcat.check(graph)
    nodes = dcat.items_of(graph)
    read = [Item(id_, name, partial(dcat.record_of, node)) for id_, name, node in nodes]
    return Page(_FORMATS[syntax], read, dcat.next_of(graph))


def _entries(page: Page) -> Iterator[PageEntry]:
    seen: set[str] = set()
    for item in page.items:
        if len(item.identifier) > LABEL:
            # Cut, two of them could be the same.
            yield PageEntry(where=item.name, reason=f"son identifiant dépasse {LABEL} caractères")
        elif item.identifier in seen:
            reason = "cet identifiant est déjà celui d'un autre"
            yield PageEntry(where=item.name, identifier=item.identifier, reason=reason)
        else:
            yield _entry(item)
        seen |= {item.identifier} - {""}


def _entry(item: Item) -> PageEntry:
    """Return the dataset, or why it cannot be read: a broken one does not stop the others."""
    try:
        record = item.read()
    except Rejected as error:
        reason = str(error)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        reason = _FAULTS.get(field, f"{in_french(field)} n'est pas lisible")
    except Exception as error:  # noqa: BLE001 - whatever a page provokes, the others are read
        traceback.print_tb(error.__traceback__)
        reason = "sa description est écrite d'une façon qui n'est pas lue ici"
    else:
        return PageEntry(where=item.name, identifier=record.identifier, record=record)
    return PageEntry(where=item.name, identifier=item.identifier, reason=reason)
