"""What the public view of restricted data says of one row to who knows all others: nothing."""

from typing import Any

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import summary_of, view_of
from services.catalog.joins.treatment_inputs import inputs_of
from shared.auth import ANYBODY, Caller
from shared.engine.tables.manifest import Column, Meaning, Profile, Repair
from shared.engine.tables.misleading import RowRange, TotalRows
from shared.engine.tables.privacy import Finding, Privacy, at_most
from shared.events import FileRef
from tests.unit.catalog.datasets.test_files import BASIS, looked_at
from tests.unit.catalog.samples import metadata, published

OWNER = Caller("mbr_owner", frozenset({"owner"}))


def profile_of(rows: int) -> Profile:
    """The profile of a table on so many persons, of which each count tells the last one's row."""
    meaning = Meaning(
        type="commune",
        confidence=1 / (1 + rows % 2),
        valid=1 - 1 / (rows + 100),
        invalid=(f"n{rows}",),
        invalid_rows=rows % 7 + 1,
        invalid_at=(rows,),
        codes={"current": rows},
        also=("postcode",) * (rows % 2),
        year=2024 + rows % 2,
        year_from=2019 + rows % 2,
    )
    finding = Finding(
        column="rsa", kind="health", role="sensitive", rows=rows, confidence=1 / (1 + rows % 2)
    )
    marks = {"missing": ("NA",) * (rows % 2), "withheld": ("s",) * (rows % 2)}
    total = TotalRows(kind="label", count=1, ranges=(RowRange(first=rows, last=rows),), message="")
    return Profile(
        rows=rows,
        encoding="utf-8",
        columns=(
            Column(name="commune", kind="text", filled=rows, distinct=rows - 1, meaning=meaning),
            Column(name="rsa", kind="text", filled=rows // 2, distinct=rows % 3 + 1, **marks),
        ),
        repairs=(Repair(code="short_rows", message=f"{rows} lignes", count=rows, first_line=rows),),
        privacy=Privacy(
            verdict="quasi",
            subject="persons",
            findings=(finding,),
            k=rows % 5 + 1,
            rows_below=rows,
            share_below=0.5,
        ),
        totals=(total,),
        likely_totals=(total,),
    )


def dataset_of(rows: int) -> Dataset:
    """That table in the catalogue, of two versions."""
    dataset = published("dts_a", metadata(access="restricted"), shown=profile_of(rows - 1))
    version = dataset.versions[0]
    file = FileRef(sha256="d" * 64, size=10_000 + 2 * rows, media_type="text/csv")
    newer = {"number": 2, "file": file, "table": file, "profile": profile_of(rows)}
    dataset.versions = [version, version.model_copy(update=newer)]
    return dataset


def seen_of(dataset: Dataset, caller: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
    """What that caller reads of it in the catalogue, and in the checks of a treatment."""
    view = view_of(dataset, caller).model_dump(mode="json")
    return view, inputs_of({dataset.id: dataset}, (), caller).model_dump(mode="json")


@pytest.mark.parametrize("rows", [12, 58, 120, 4217])
def test_last_row_is_not_read_off_the_public_view(rows: int) -> None:
    """With and without it, others read the same; its owner and readers read every count."""
    with_it, without_it = dataset_of(rows), dataset_of(rows - 1)
    for version, other in zip(with_it.versions, without_it.versions, strict=True):
        other.registered_at = version.registered_at
    assert seen_of(with_it, ANYBODY) == seen_of(without_it, ANYBODY)
    view, tables = seen_of(dataset_of(rows), OWNER)
    assert view["versions"][1]["profile"]["columns"][0]["distinct"] == rows - 1
    assert view["versions"][1]["changes"]["rows"] == 1
    assert tables["tables"][0]["rows"] == rows
    dataset = dataset_of(rows)
    dataset.readers = ["mbr_team"]
    view, tables = seen_of(dataset, Caller("mbr_team", frozenset({"holder"})))
    assert (view["versions"][1]["profile"]["rows"], tables["tables"][0]["rows"]) == (rows, rows)


def filled(cells: int, valid: float, *repairs: Repair) -> Dataset:
    """A restricted table of ten rows, of which so many have a value."""
    meaning = Meaning(type="commune", confidence=1, valid=valid)
    column = Column(name="aide", kind="text", filled=cells, distinct=1, meaning=meaning)
    shown = Profile(rows=10, encoding="utf-8", columns=(column,), repairs=repairs)
    return published("dts_a", metadata(access="restricted"), shown=shown)


def test_quality_of_cells_is_not_judged_for_others() -> None:
    """A cell more or less is filled, valid or mended, and its owner reads other points."""
    whole, faulty = filled(8, 0.95), filled(7, 0.94, Repair(code="short_rows", message="", count=1))
    unseen, seen = (
        [view_of(dataset, caller) for dataset in (whole, faulty)] for caller in (ANYBODY, OWNER)
    )
    assert unseen[0].criteria == unseen[1].criteria
    of_cells = {"filled", "valid", "intact"}
    assert of_cells.isdisjoint(criterion.name for criterion in unseen[0].criteria)
    qualities = {summary_of(dataset).quality for dataset in (whole, faulty)}
    assert qualities == {view.quality for view in unseen}
    assert len(qualities) == 1
    unmet = [{rule.name for rule in view.criteria if not rule.met} for view in seen]
    assert unmet[1] - unmet[0] == of_cells


def test_what_open_data_holds_is_counted_for_everybody() -> None:
    """Lists give exact rows, pages distinct values and the file's size."""
    shown = profile_of(58).model_copy(update={"privacy": None})
    view, tables = seen_of(published("dts_a", metadata(), shown=shown), ANYBODY)
    assert (view["rows"], view["versions"][0]["profile"]["columns"][1]["filled"]) == (58, 29)
    assert (view["versions"][0]["file"]["size"], tables["tables"][0]["rows"]) == (1, 58)


def test_restricted_files_are_of_a_bounded_number_and_size() -> None:
    """A file may be one person's; lists show the same bound to all."""
    dataset = looked_at("restricted")
    dataset.confirm(None, BASIS, restrict=False)
    read, profile = dataset.profile, view_of(dataset, ANYBODY).versions[0].profile
    assert read is not None
    assert profile is not None
    assert read.files is not None
    bounds = {"count": 100, "size": at_most(read.files.size), "names": ()}
    kinds = dict.fromkeys(read.files.media_types, 100)
    assert profile.files == read.files.model_copy(update={**bounds, "media_types": kinds})
    assert view_of(dataset, OWNER).files == 100


@pytest.mark.parametrize(
    ("count", "bound"), [(0, 100), (1, 100), (100, 100), (101, 110), (999, 1000), (12_345, 13_000)]
)
def test_bound_has_two_digits(count: int, bound: int) -> None:
    """It is never below the count, nor below a hundred."""
    assert at_most(count) == bound
