"""Each version keeps its address, and what it changed is for who may take both away."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from services.catalog.service import Catalog
from tests.conftest import RETRIES, Token
from tests.integration.catalog.access.comparing import COMPUTE, Compute
from tests.integration.catalog.lab import RETRIES as CATALOG_RETRIES
from tests.integration.catalog.lab import Lab, problem_of, running_lab
from tests.servers import Broker, running
from tests.vhosts import Needs

KEYS = ("commune", "siren", "epci")
"""A version has one of them more than the one before."""


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What the catalog and compute listen to."""
    return Needs((Catalog, Compute), (*CATALOG_RETRIES, *RETRIES))


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running; compute compares nothing but sizes."""
    with running(COMPUTE, module_environ), running_lab(broker, vhost, module_environ, token) as lab:
        yield lab


def offered(lab: Lab, owner: str, versions: int, **metadata: Any) -> str:
    """The id of a dataset with so many versions."""
    dataset_id = lab.published(owner, KEYS[0], **metadata)
    for number in range(2, versions + 1):
        path, token = f"/datasets/{dataset_id}/versions", lab.token(owner, "owner")
        assert lab.post_file(path, token, {}, uuid4().bytes).status == 202
        lab.ingest(dataset_id, number, *KEYS[:number])
    return dataset_id


def size_of(dataset_id: str, number: int) -> int:
    """How many bytes the table of a version has."""
    return len(f"PAR1{dataset_id}") + number - 1


def test_a_version_keeps_its_address_beside_the_newest(lab: Lab) -> None:
    """A program finds their numbers in the dataset, and takes what it was written for."""
    dataset_id = offered(lab, "mbr_o", 2)
    path, token = f"/datasets/{dataset_id}", lab.token("mbr_z", "holder")
    seen = lab.get(path, token)
    assert seen["version"] == 2
    assert [(one["number"], one["may"]) for one in seen["versions"]] == [
        (1, ["download"]),
        (2, ["download"]),
    ]
    sizes = {
        query: len(lab.call("GET", f"{path}/table{query}", token).data)
        for query in ("", "?version=1", "?version=2")
    }
    newest = size_of(dataset_id, 2)
    assert sizes == {"": newest, "?version=1": newest - 1, "?version=2": newest}
    assert "version 3" in problem_of(lab.call("GET", f"{path}/table?version=3", token), 409)
    problem_of(lab.call("GET", f"{path}/table?version=0", token), 422)
    problem_of(lab.call("GET", f"{path}/files/a.png?version=1", token), 404)


def test_difference_is_that_of_the_newest_unless_two_are_named(lab: Lab) -> None:
    """Their tables are compared, read as each was described."""
    dataset_id = offered(lab, "mbr_o", 3)
    path, token = f"/datasets/{dataset_id}/difference", lab.token("mbr_z", "holder")
    pairs = {"": (2, 3), "?to=2": (1, 2), "?from=1": (1, 3), "?from=3": (3, 3)}
    for query, (since, version) in pairs.items():
        difference = lab.get(path + query, token)
        assert (difference["since"], difference["version"]) == (since, version)
        assert difference["rows_before"] == size_of(dataset_id, since)
        assert difference["rows_after"] == size_of(dataset_id, version)
        assert difference["added_columns"] == list(KEYS[since:version])
    for query in ("?to=1", "?to=4", "?from=4"):
        problem_of(lab.call("GET", path + query, token), 409)
    assert '"field":"from"' in problem_of(lab.call("GET", f"{path}?from=x", token), 422)


def test_difference_of_restricted_data_is_for_who_may_download_it(lab: Lab) -> None:
    """It is noted as two downloads are, and is nobody else's."""
    dataset_id = offered(lab, "mbr_o", 2, access="restricted")
    path = f"/datasets/{dataset_id}"
    for member, role, status in (
        ("mbr_o", "owner", 200),
        ("mbr_z", "owner", 403),
        ("mbr_z", "holder", 403),
        ("mbr_r", "reviewer", 200),
    ):
        for query in ("difference", "difference?from=1&to=2", "table?version=1"):
            answer = lab.call("GET", f"{path}/{query}", lab.token(member, role))
            assert answer.status == status, (member, query, answer.data)
    uses = lab.get(f"{path}/uses", lab.token("mbr_o", "owner"))["items"]
    assert {use["holder_id"] for use in uses} == {"mbr_r"}
    assert sorted(use["dataset_version"] for use in uses) == [1, 1, 1, 2, 2]


def test_what_was_replaced_before_data_was_opened_is_compared_for_its_owner_alone(lab: Lab) -> None:
    """Others are told why."""
    dataset_id = offered(lab, "mbr_o", 2, access="restricted")
    with lab.rpc() as catalog:
        catalog.describe_dataset(dataset_id, "mbr_o", {"access": "open"})
    path, stranger = f"/datasets/{dataset_id}", lab.token("mbr_z", "holder")
    for query in ("difference", "table?version=1"):
        problem = problem_of(lab.call("GET", f"{path}/{query}", stranger), 403)
        assert "avant que ces données soient ouvertes" in problem
        assert lab.call("GET", f"{path}/{query}", lab.token("mbr_o", "owner")).status == 200
    assert lab.call("GET", f"{path}/table", stranger).status == 200
