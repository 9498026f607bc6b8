"""What an owner says of columns, before and after it is known which there are."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.catalog.datasets.bodies import ChangeDataset, NewDataset
from services.catalog.datasets.editing import check
from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import summary_of, view_of
from shared.auth import ANYBODY, Caller
from shared.endings.redaction import redacted
from shared.engine.tables.manifest import Column, Profile
from shared.errors import Invalid
from tests.unit.catalog.samples import ref, registered

ABOUT = {"title": "Logements", "theme": "habitat", "licence": "lov2", "access": "open"}
VACANT = {"name": "ht_hc", "description": "part des logements vacants en %"}
TOWN = {"name": "com", "description": "commune"}
OWNER = Caller("mbr_owner", frozenset({"owner"}))


def about(*columns: dict[str, str]) -> Metadata:
    """What an upload says that describes these columns."""
    return NewDataset.model_validate(ABOUT | {"columns": columns}).plain()


def change(*columns: dict[str, str]) -> ChangeDataset:
    """A change of these descriptions alone."""
    return ChangeDataset.model_validate({"columns": columns})


def read(dataset: Dataset, *names: str) -> Dataset:
    """The dataset, whose newest version turns out to have these columns."""
    columns = tuple(Column(name=name, kind="text", filled=3, distinct=3) for name in names)
    profile = Profile(rows=3, encoding="utf-8", columns=columns)
    dataset.publish(None, ref("b"), profile, "job_1")
    return dataset


def beside(dataset: Dataset, caller: Caller = OWNER) -> dict[str, str]:
    """What stands beside each column of the newest version that is shown."""
    profile = view_of(dataset, caller).versions[-1].profile
    return {column.name: column.description for column in profile.columns} if profile else {}


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ([VACANT | {"description": " "}], "description"),
        ([VACANT | {"description": "part <b>vacante</b>"}], "balises HTML"),
        ([VACANT | {"description": "\u202epart"}], "sens de lecture"),
        ([VACANT | {"name": ""}], "name"),
        ([VACANT, TOWN, VACANT | {"name": " ht_hc "}], "« ht_hc »"),
        ([VACANT | {"name": f"c{at}"} for at in range(2001)], "2000"),
        ([{"ht_hc": "part"}], "name"),
        (None, "tuple"),
    ],
)
def test_descriptions_are_bounded_plain_texts(columns: Any, fault: str) -> None:
    """One for each name; an upload and a change are refused alike."""
    for body in (NewDataset, ChangeDataset):
        with pytest.raises(ValidationError, match=f"(?s)columns.*{fault}"):
            body.model_validate(ABOUT | {"columns": columns})


def test_a_document_of_before_describes_no_column() -> None:
    """Nor does an upload that says nothing of them, whose fingerprint stays."""
    assert Metadata.model_validate(ABOUT).columns == ()
    assert "columns" not in about().model_dump(exclude_defaults=True)


def test_each_column_has_its_description_beside_it() -> None:
    """For everybody who may see the column; lists, which are long, have none."""
    dataset = read(registered(about=about(VACANT)), "com", "ht_hc")
    for caller in (OWNER, ANYBODY):
        assert beside(dataset, caller) == {"com": "", "ht_hc": VACANT["description"]}
        assert view_of(dataset, caller).unknown_columns == []
    assert [description.name for description in view_of(dataset, ANYBODY).columns] == ["ht_hc"]
    assert "columns" not in summary_of(dataset).model_dump()


def test_what_is_said_before_the_table_is_read_is_kept() -> None:
    """Names that no column has are told to the owner then, and to nobody else."""
    dataset = registered(about=about(VACANT, TOWN))
    assert view_of(dataset, OWNER).unknown_columns == []
    read(dataset, "ht_hc", "commune")
    assert view_of(dataset, OWNER).unknown_columns == ["com"]
    assert len(view_of(dataset, OWNER).columns) == 2
    others = view_of(dataset, ANYBODY)
    assert ([description.name for description in others.columns], others.unknown_columns) == (
        ["ht_hc"],
        [],
    )


def test_names_that_no_column_has_are_refused_once_columns_are_known() -> None:
    """With the names that are nearest; before anything was read nobody knows."""
    check(registered(), change(VACANT))
    dataset = read(registered(), "com", "ht_hc")
    check(dataset, change(VACANT, TOWN))
    check(dataset, change())
    wrong = [{"name": name, "description": "x"} for name in ("ht_hv", "comm", "z1", "z2", "z3")]
    with pytest.raises(Invalid) as refused:
        check(dataset, change(TOWN, *wrong))
    assert refused.value.field == "columns.1.name"
    for expected_text in ("« ht_hv » ; vouliez-vous dire « ht_hc » ?", "« com »", "Ni 2 autres"):
        assert expected_text in refused.value.args[0]


def test_a_new_version_keeps_the_descriptions_of_columns_that_stay() -> None:
    """Those of a column that is gone come back with it, and may be sent again meanwhile."""
    dataset = read(registered(about=about(VACANT, TOWN)), "com", "ht_hc")
    dataset.register(VersionContent(file=ref("c"), filename="b.csv"))
    read(dataset, "com", "year")
    assert beside(dataset) == {"com": "commune", "year": ""}
    assert view_of(dataset, OWNER).unknown_columns == ["ht_hc"]
    check(dataset, change(VACANT, TOWN))
    dataset.register(VersionContent(file=ref("d"), filename="c.csv"))
    read(dataset, "ht_hc")
    assert beside(dataset) == {"ht_hc": VACANT["description"]}


def test_descriptions_are_erased_with_what_else_is_said_of_data() -> None:
    """When a dataset is deleted, and where texts are taken out of a document."""
    assert about(VACANT).without_content("Logements").columns == ()
    assert "vacants" not in redacted(about(VACANT)).model_dump_json()
