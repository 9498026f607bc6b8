"""Deleted data is gone from files, documents and indexes; that it was there stays known."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from services.catalog.service import Catalog
from shared.aggregate import new_id
from shared.errors import NotFound
from shared.events import FileRef, JobForgotten, ProjectWithdrawn
from tests.conftest import RETRIES, Token
from tests.integration.catalog.lab import RETRIES as CATALOG_RETRIES
from tests.integration.catalog.lab import Lab, delivered, problem_of, running_lab
from tests.integration.catalog.retirement.samples import COMPUTE, Compute
from tests.integration.catalog.tables import ingested
from tests.servers import Broker, eventually, running
from tests.vhosts import Needs

REASON = "les personnes ont retiré leur accord"
GONE = "Jeu de données supprimé"


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What the catalog and compute listen to."""
    return Needs((Catalog, Compute), (*CATALOG_RETRIES, *RETRIES))


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running, with no period of grace; compute refers to no file."""
    environ = {**module_environ, "DATALAB_ERASURE_GRACE_SECONDS": "0"}
    with running(COMPUTE, environ), running_lab(broker, vhost, environ, token) as lab:
        yield lab


def delete(
    lab: Lab, dataset_id: str, member_id: str, role: str = "owner", **body: Any
) -> urllib3.BaseHTTPResponse:
    """The answer to a deletion."""
    fields = {"reason": REASON, **body}
    return lab.call("DELETE", f"/datasets/{dataset_id}", lab.token(member_id, role), json=fields)


def erased(lab: Lab, dataset_id: str) -> dict[str, Any]:
    """The receipt of a deletion, once all is erased."""
    path, staff = f"/datasets/{dataset_id}/deletion", lab.token("mbr_op", "operator")
    eventually(lambda: lab.get(path, staff)["erased_at"], "everything is erased")
    receipt: dict[str, Any] = lab.get(path, staff)
    return receipt


def where(lab: Lab, marker: str) -> list[str]:
    """The stored files and documents of the catalogue that a text is in."""
    root = Path(lab.files.path(""))
    places = []
    for path in root.rglob("*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # erased meanwhile
            places += [str(path)] if marker.encode() in path.read_bytes() else []
    with lab.database() as database:
        for name in database.list_collection_names():
            places += [
                f"{name} {document['_id']}"
                for document in database[name].find()
                if marker in str(document)
            ]
    return places


COMMUNES = (Path(__file__).parents[3] / "data/communes_2019.csv").read_text().split()[1:201]


def table_with(marker: str) -> bytes:
    """A table that has a text as a key and as a value, and where the profile quotes it."""
    codes = [line.partition(";")[0] for line in COMMUNES]
    rows = [f"{code};{marker}-{number}" for number, code in enumerate(codes)]
    return "\n".join(["code_commune;nom", *rows, f"{marker};x"]).encode()


def read(lab: Lab, owner_id: str, marker: str, **metadata: Any) -> str:
    """The id of a new dataset that has this text in its data, once it was read."""
    content = table_with(marker)
    dataset_id = lab.upload(owner_id, content, **metadata)
    lab.publish(ingested(lab, dataset_id, content))
    lab.wait_for("dataset_published", dataset_id=dataset_id)
    return dataset_id


def test_deleted_data_is_nowhere_any_more(lab: Lab) -> None:
    """Neither in files, nor in documents: searched for by a text that was in the data."""
    owner, marker = new_id("mbr"), new_id("marqueur")
    fields = [{"name": "nom", "description": f"nom et {marker}"}]
    dataset_id = read(lab, owner, marker, description="Un texte.", columns=fields)
    other = read(lab, owner, new_id("autre"))
    assert len(lab.get(f"/datasets/{dataset_id}/joins", lab.token(owner, "owner"))["items"]) > 0
    held = where(lab, marker)
    assert f"datasets {dataset_id}" in held
    assert len(held) == 5
    receipt = delete(lab, dataset_id, owner).json()
    assert (receipt["deleted_by"], receipt["reason"]) == (owner, REASON)
    receipt = erased(lab, dataset_id)
    assert len(receipt["files"]) >= 3
    assert (receipt["pending"], receipt["kept"]) == ([], [])
    assert where(lab, marker) == []
    joins = lab.get(f"/datasets/{other}/joins", lab.token(owner, "owner"))["items"]
    assert dataset_id not in {join["dataset_id"] for join in joins}
    lab.service.kill()
    lab.service.start()
    assert len(lab.get("/datasets", lab.token("mbr_z", "holder"))["items"]) > 0
    assert where(lab, marker) == []


def test_tombstone_says_that_it_was_there(lab: Lab) -> None:
    """To everybody who asks by its id, without its hashes; again it is the same answer.

    Its owner and operators delete it, with a reason; nothing can be done with it after that.
    """
    owner = new_id("mbr")
    dataset_id, waiting = (
        lab.published(owner, "commune", title="Titre", description="Long texte"),
        lab.upload(owner),
    )
    problem_of(delete(lab, dataset_id, "mbr_z"), 403)
    problem_of(delete(lab, waiting, "mbr_z"), 404)
    problem_of(delete(lab, dataset_id, "mbr_z", "reviewer"), 403)
    assert "reason" in problem_of(delete(lab, dataset_id, owner, reason=""), 422)
    assert delete(lab, waiting, "mbr_op", "operator").json()["deleted_by"] == "mbr_op"
    first, again = (delete(lab, dataset_id, owner).json() for _ in range(2))
    unended: dict[str, Any] = {"pending": [], "erased_at": None}
    assert {**again, **unended} == {**first, **unended}
    path, mine = f"/datasets/{dataset_id}", lab.token(owner, "owner")
    stranger = lab.token("mbr_z", "holder")
    view = lab.get(path, stranger)
    assert (view["state"], view["title"], view["description"]) == ("deleted", "Titre", "")
    assert view["retirement"]["reason"] == REASON
    for token in (stranger, mine):
        assert REASON in problem_of(lab.call("GET", f"{path}/table", token), 410)
    problem_of(lab.call("GET", f"{path}?format=turtle", stranger), 410)
    problem_of(lab.call("GET", f"{path}/deletion", stranger), 403)
    repair = {"column": "x", "repair": "leading_zero"}
    problem_of(lab.call("POST", f"{path}/repairs", mine, json=repair), 409)
    problem_of(lab.call("POST", f"{path}/screening", mine), 409)
    problem_of(lab.call("PATCH", path, mine, json={"title": "Retour"}), 409)
    lab.settled()
    assert len(lab.events("dataset_deleted", dataset_id=dataset_id)) == 1


def test_title_goes_where_the_owner_asks_so(lab: Lab) -> None:
    """By RPC, too: from requests of projects that go on and that ended, and the news of the end."""
    owner, marker = new_id("mbr"), new_id("titre")
    dataset_id = lab.published(owner, title=marker, access="restricted")
    asks, granted, ended = (lab.ask_for(dataset_id) for _ in range(3))
    with lab.rpc() as catalog:
        for project_id in (granted, ended):
            catalog.decide_access(f"{project_id}.{dataset_id}", owner, "grant")
        end = {"holder_id": "mbr_h", "decided_by": "", "reason": "."}
        lab.publish(ProjectWithdrawn(project_id=ended, **end))
        lab.settled()
        assert len([place for place in where(lab, marker) if place.startswith("accesses")]) == 3
        with pytest.raises(NotFound):
            catalog.get_deletion(dataset_id)
        receipt = catalog.delete_dataset_of(dataset_id, owner, REASON, keep_title=False)
        assert receipt["title"] == GONE
        erased(lab, dataset_id)
        assert catalog.get_deletion(dataset_id)["erased_at"]
    revoked = lab.wait_for("access_revoked", project_id=granted)
    refused = lab.wait_for("access_refused", project_id=asks)
    assert (revoked["title"], refused["title"]) == (GONE, GONE)
    eventually(lambda: where(lab, marker) == [], what="no document has the title any more")
    listed = lab.get("/access-requests", lab.token(owner, "owner"))["items"]
    assert {request["dataset_title"] for request in listed} == {GONE}


def test_files_that_a_forgotten_job_left_go_unless_a_dataset_has_them(lab: Lab) -> None:
    """Its project was erased, or its time is over; no dataset was deleted for that."""
    dataset_id = lab.upload(new_id("mbr"), new_id("x").encode())
    own = lab.files.put([b"only the job's"], "application/json")
    registration = lab.wait_for("dataset_registered", dataset_id=dataset_id)
    shared = FileRef.model_validate(registration["file"])
    job = {"job_id": new_id("job"), "kind": "full", "project_id": new_id("prj"), "reason": "Fin."}
    lab.publish(JobForgotten.model_validate({**job, "files": (own, shared)}), times=2)
    eventually(lambda: not Path(lab.files.address(own)).exists(), "the job's file is erased")
    assert Path(lab.files.address(shared)).exists()


def test_what_comes_late_is_erased_too(lab: Lab) -> None:
    """A reading that ends after the deletion, and what compute had kept."""
    owner, marker = new_id("mbr"), new_id("marqueur")
    dataset_id = lab.upload(owner, table_with(marker))
    assert delete(lab, dataset_id, owner).status == 200
    erased(lab, dataset_id)
    event = ingested(lab, dataset_id, table_with(marker))
    lab.publish(event, times=2)
    recalled = lab.wait_for("results_recalled", dataset_id=dataset_id, job_ids=[event.job_id])
    assert recalled["reason"] == REASON
    eventually(lambda: where(lab, marker) == [], "the late reading is erased")
    file = lab.files.put([marker.encode()], "text/plain")
    about = {"job_id": new_id("job"), "kind": "trial", "dataset_id": dataset_id}
    lab.publish(JobForgotten.model_validate({**about, "reason": REASON, "files": (file,)}))
    eventually(lambda: where(lab, marker) == [], "what the job left is erased")
    erased(lab, dataset_id)
    assert lab.events("dataset_published", dataset_id=dataset_id) == []


def test_what_was_made_of_it_stays_and_its_owner_is_told(lab: Lab) -> None:
    """Compute is told which jobs read it; provenance keeps its hash."""
    owner, holder = new_id("mbr"), new_id("mbr")
    source = lab.published(owner)
    event = delivered(lab, source, holder_id=holder)
    project_id, job_id = lab.opened_for(source, project_id=event.project_id), new_id("job")
    with lab.rpc() as catalog:
        catalog.open_dataset(project_id, source, job_id)
    result = lab.result_of(event.model_copy(update={"job_id": job_id}))
    lab.settled()
    assert delete(lab, source, owner, keep_title=False).status == 200
    deletion = lab.wait_for("dataset_deleted", dataset_id=source)
    assert deletion["member_ids"] == [holder]
    assert lab.wait_for("results_recalled", dataset_id=source)["job_ids"] == [job_id]
    view = lab.get(f"/datasets/{result}", lab.token(holder, "holder"))
    [ended] = view["ended_inputs"]
    assert (ended["dataset_id"], ended["state"], ended["ended_by"]) == (source, "deleted", owner)
    assert (ended["reason"], ended["title"]) == (REASON, GONE)
    [made_of] = view["versions"][0]["provenance"]["inputs"]
    assert (made_of["dataset_id"], made_of["sha256"]) == (source, "a" * 64)
    assert made_of["title"] == ended["title"]
    assert view["state"] == "published"


def test_deleted_result_takes_its_project_s_files_with_it(lab: Lab) -> None:
    """Chart and manifest, and all its project's jobs are recalled."""
    source, holder = lab.published("mbr_o"), new_id("mbr")
    event = delivered(lab, source, holder_id=holder)
    result = lab.result_of(event)
    assert delete(lab, result, holder, "holder").status == 200
    recalled = lab.wait_for("results_recalled", dataset_id=result)
    assert (recalled["project_id"], recalled["job_ids"]) == (event.project_id, ["job_full"])
    assert event.result.sha256 in {file["sha256"] for file in erased(lab, result)["files"]}
    with pytest.raises(NotFound):
        lab.files.read(event.result)
