"""What own code is tried on, before a treatment is saved: data that its author reads freely."""

from typing import Any

from services.catalog.access.views import GrantedDataset
from tests.integration.catalog.lab import Lab, delivered, reading


def opened(lab: Lab, member_id: str, **inputs: str) -> set[str]:
    """The ids of what that member gets of a treatment's data."""
    with lab.rpc() as catalog:
        answer: list[Any] = catalog.open_readable(reading(**inputs).model_dump(), member_id)
    granted_datasets = [GrantedDataset.model_validate(document) for document in answer]
    assert not any(
        granted_dataset.is_protected or granted_dataset.columns
        for granted_dataset in granted_datasets
    )
    assert all(granted_dataset.file.size for granted_dataset in granted_datasets)
    return {granted_dataset.dataset_id for granted_dataset in granted_datasets}


def test_open_data_and_one_s_own_are_read_freely(lab: Lab) -> None:
    """Others' restricted data is not, nor is what cannot be read yet, or does not exist."""
    free, own = lab.published("mbr_o"), lab.published("mbr_h", access="restricted")
    closed, waiting = lab.published("mbr_o", access="restricted"), lab.upload("mbr_h")
    inputs = {"a": free, "b": own, "c": closed, "d": waiting, "e": "dts_none"}
    assert opened(lab, "mbr_h", **inputs) == {free, own}
    assert opened(lab, "mbr_o", **inputs) == {free, closed}
    assert opened(lab, "", **inputs) == {free}
    uses = lab.get(f"/datasets/{own}/uses", lab.token("mbr_h", "owner"))
    assert uses["items"] == []


def test_result_of_others_restricted_data_is_not_its_owner_s_to_try_on(lab: Lab) -> None:
    """Projects that read it ask those others, too."""
    closed = lab.published("mbr_o", access="restricted")
    result = lab.result_of(delivered(lab, closed))
    assert opened(lab, "mbr_h", result=result) == set()
