"""Datasets that are files: kept as they came, stated by their owner, listed, searched and ended."""

import json
from hashlib import sha256
from typing import Any
from uuid import uuid4

import urllib3

from shared.engine.tables.files import LISTING, FileSummary, ListedFile
from shared.engine.tables.manifest import Output, Profile, Repair
from shared.engine.tables.privacy import at_most, unexamined
from shared.events import JobSucceeded
from tests.integration.catalog.lab import Lab, about, problem_of
from tests.integration.compute.jobs import step

NAME = "Façades 2024.zip"
PATH = "Fa%C3%A7ades%202024.zip"


def upload(
    lab: Lab, owner_id: str, data: bytes, path: str = "/datasets", **metadata_fields: Any
) -> Any:
    """The answer to an upload of files."""
    fields = {
        "metadata": ("metadata", json.dumps(metadata_fields).encode(), "application/json"),
        "file": (NAME, data, "application/zip"),
    }
    return lab.call("POST", path, lab.token(owner_id, "owner"), fields=fields)


def read(lab: Lab, dataset_id: str, version: int = 1, count: int = 3) -> JobSucceeded:
    """The end of the job that looked at the files."""
    listed = [
        ListedFile(name=f"rue_{n}.png", size=n, media_type="image/png", sha256=f"{n:064x}")
        for n in range(1, count + 1)
    ]
    lines = "".join(f"{listed_file.model_dump_json()}\n" for listed_file in listed).encode()
    file = lab.files.put([lines], "application/jsonl")
    profile = Profile(
        rows=0,
        format="zip",
        encoding="binary",
        columns=(),
        repairs=(Repair(code="hidden_files", message="…", count=1),),
        privacy=unexamined(count),
        files=FileSummary(
            count=count,
            size=sum(listed_file.size for listed_file in listed),
            media_types={"image/png": count},
            names=tuple(listed_file.name for listed_file in listed),
        ),
    )
    output = Output(name=LISTING, file=file)
    return lab.ended(dataset_id, version, [output], [profile.model_dump(mode="json")])


def held(lab: Lab, owner_id: str, content: bytes = b"", **overrides: Any) -> str:
    """The id of a new dataset of files, which waits for what its owner states."""
    metadata = {"title": "Façades", "content": "files", "access": "restricted", **overrides}
    answer = upload(lab, owner_id, content or uuid4().bytes, **about(**metadata))
    assert answer.status == 202, answer.data
    dataset_id = str(answer.json()["id"])
    lab.publish(read(lab, dataset_id))
    lab.wait_for("dataset_held", dataset_id=dataset_id)
    return dataset_id


def state(lab: Lab, dataset_id: str, owner_id: str) -> urllib3.BaseHTTPResponse:
    """The answer to its owner's word that nobody is in the files."""
    body = {"columns": ["fichiers"], "reason": "Des murs, sans passants"}
    path = f"/datasets/{dataset_id}/not-personal"
    return lab.call("POST", path, lab.token(owner_id, "owner"), json=body)


def stated(lab: Lab, owner_id: str, content: bytes = b"", **overrides: Any) -> str:
    """The id of a new dataset of files that is published, as holding nothing of persons."""
    dataset_id = held(lab, owner_id, content, **overrides)
    assert state(lab, dataset_id, owner_id).status == 200
    lab.wait_for("dataset_published", dataset_id=dataset_id)
    return dataset_id


def test_files_wait_until_their_owner_states_what_is_in_them(lab: Lab) -> None:
    """Nothing examines them: the word is its owner's, and told as such."""
    dataset_id = held(lab, "mbr_1", access="open")
    problem_of(lab.call("GET", f"/datasets/{dataset_id}", lab.token("mbr_2", "holder")), 404)
    [version] = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_1", "owner"))["versions"]
    assert "à leur propriétaire de le dire" in version["reason"]
    assert state(lab, dataset_id, "mbr_1").json()["state"] == "published"
    event = lab.wait_for("dataset_published", dataset_id=dataset_id)
    assert (event["rows"], event["files"], event["keys"]) == (0, 3, [])
    dataset = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_2", "holder"))
    assert (dataset["content"], dataset["files"], dataset["rows"]) == ("files", 3, None)
    assert {criterion["name"] for criterion in dataset["criteria"]}.isdisjoint(
        {"keys", "filled", "valid"}
    )


def test_restricted_files_are_listed_and_said_to_be_unchecked(lab: Lab) -> None:
    """In the request that is decided on, and before a treatment is sent.

    They are listed by name; hashes are for those who may download: they prove what somebody has.
    """
    dataset_id, other = stated(lab, "mbr_1"), lab.token("mbr_2", "holder")
    with lab.rpc() as catalog:
        preview = catalog.preview_inputs({"inputs": {"p": dataset_id}, "steps": []}, "mbr_h")
    [person] = preview["persons"]
    assert "leur propriétaire le déclare, et rien ne le vérifie" in person
    assert "déclare qu'il ne s'y trouve pas de données personnelles" in person
    [table] = preview["inputs"]["tables"]
    assert (table["is_files"], table["columns"], table["rows"]) == (True, [], None)
    path = f"/datasets/{dataset_id}/files"
    first, last = lab.pages(f"{path}?limit=2", other)
    names = [file["name"] for file in (*first, *last)]
    assert (len(first), names) == (2, ["rue_1.png", "rue_2.png", "rue_3.png"])
    assert {file["sha256"] for file in (*first, *last)} == {None}
    [mine] = lab.get(f"{path}?limit=1", lab.token("mbr_1", "owner"))["items"]
    assert mine["sha256"] == f"{1:064x}"
    # What somebody has, its size proves too.
    assert {file["size"] for file in (*first, *last)} == {at_most(mine["size"])}
    assert mine["size"] < at_most(mine["size"])
    assert '"after"' in problem_of(lab.call("GET", f"{path}?after=rue", other), 422)
    problem_of(lab.call("GET", f"{path}/{PATH}", other), 403)
    table_path = f"/datasets/{lab.published('mbr_1', 'commune')}/files"
    assert "est un tableau" in problem_of(lab.call("GET", table_path, other), 409)
    problem_of(lab.call("GET", "/datasets/dts_none/files", other), 404)


def test_files_with_persons_need_a_legal_basis(lab: Lab) -> None:
    """As a table that names some; then their names are for those who may download them."""
    dataset_id = held(lab, "mbr_1", access="open")
    body = {"basis": "public_task", "purpose": "Trombinoscope"}
    path, owner = f"/datasets/{dataset_id}/legal-basis", lab.token("mbr_1", "owner")
    assert "CRPA" in problem_of(lab.call("POST", path, owner, json=body), 422)
    assert lab.call("POST", path, owner, json={**body, "restrict": True}).status == 200
    lab.wait_for("dataset_published", dataset_id=dataset_id)
    other = lab.token("mbr_2", "holder")
    problem_of(lab.call("GET", f"/datasets/{dataset_id}/files", other), 403)
    assert len(lab.get(f"/datasets/{dataset_id}/files", owner)["items"]) == 3
    with lab.rpc() as catalog:
        preview = catalog.preview_inputs({"inputs": {"p": dataset_id}, "steps": []}, "mbr_2")
    assert "« mission d'intérêt public », pour : « Trombinoscope »" in preview["persons"][0]
    query = f"/datasets?q=rue_2&owner_id=mbr_1&producer={uuid4().hex}"
    assert lab.get(query, other)["items"] == []


def test_open_files_are_found_downloaded_granted_and_retired(lab: Lab) -> None:
    """By their own name; asked for as a table, the answer says where they are.

    They have no columns to choose from, to join by or to fit a recipe; projects get them as they
    came. Retired, they are their owner's alone.
    """
    content, owner_id = uuid4().bytes, f"mbr_{uuid4().hex[:8]}"
    dataset_id = stated(lab, owner_id, content, access="open", title="Fonds municipal")
    path, token = f"/datasets/{dataset_id}", lab.token("mbr_2", "holder")
    assert f"{path}/files/{PATH}" in problem_of(lab.call("GET", f"{path}/table", token), 409)
    answer = lab.call("GET", f"{path}/files/{PATH}", token)
    assert (answer.status, answer.data) == (200, content)
    assert answer.headers["Content-Disposition"].endswith(f"; filename*=UTF-8''{PATH}")
    [found] = lab.get(f"/datasets?q=rue&owner_id={owner_id}", token)["items"]
    assert (found["id"], "dans ses fichiers" in " ".join(found["reasons"])) == (dataset_id, True)
    [listed] = lab.get(f"/datasets?format=png&owner_id={owner_id}", token)["items"]
    assert listed["id"] == dataset_id
    for part in ("joins", "recipes"):
        assert lab.get(f"{path}/{part}", token)["items"] == []
    project_id = lab.opened_for(dataset_id)
    with lab.rpc() as catalog:
        opened = catalog.open_dataset(project_id, dataset_id)
        counted = step("aggregate", {"table": "photos"}, "r", by=["commune"], rows="nombre")
        treatment = {"inputs": {"photos": dataset_id}, "steps": [counted]}
        assert catalog.describe_inputs(treatment, "mbr_h")["tables"][0]["is_files"]
        text = catalog.export_dataset(dataset_id, "turtle")["text"]
    assert opened["file"]["sha256"] == opened["sha256"] == sha256(content).hexdigest()
    assert (opened["upload"], opened["columns"]) == (NAME, None)
    for described in (f"files/{PATH}", "dcat:packageFormat", "image/png"):
        assert described in text
    assert "csvw:" not in text.replace("@prefix csvw:", "")
    owner, body = lab.token(owner_id, "owner"), {"reason": "Remplacé"}
    assert lab.call("POST", f"{path}/retirement", owner, json=body).status == 200
    for part in ("/files", f"/files/{PATH}"):
        problem_of(lab.call("GET", f"{path}{part}", token), 410)
        assert lab.call("GET", f"{path}{part}", owner).status == 200


def test_new_version_is_stated_anew(lab: Lab) -> None:
    """Nobody can tell whether it holds what the one before did; that one is shown till then."""
    dataset_id = stated(lab, "mbr_1", access="open")
    answer = upload(lab, "mbr_1", uuid4().bytes, path=f"/datasets/{dataset_id}/versions")
    assert answer.status == 202, answer.data
    lab.publish(read(lab, dataset_id, 2, count=2))
    lab.wait_for("dataset_held", dataset_id=dataset_id, version=2)
    path = f"/datasets/{dataset_id}"
    assert lab.get(path, lab.token("mbr_2", "holder"))["version"] == 1
    assert state(lab, dataset_id, "mbr_1").status == 200
    dataset = lab.get(path, lab.token("mbr_2", "holder"))
    assert (dataset["version"], dataset["files"]) == (2, 2)
    assert dataset["versions"][-1]["changes"]["files"] == -1


def test_content_is_said_once(lab: Lab) -> None:
    """What was read as one is not the other afterwards; what is wrong names the field."""
    described = {"columns": [{"name": "a", "description": "b"}]}
    for wrong, field in (({"content": "pictures"}, "content"), (described, "columns")):
        metadata = about(**{"content": "files", **wrong})
        assert field in problem_of(upload(lab, "mbr_1", uuid4().bytes, **metadata), 422)
    token, path = lab.token("mbr_1", "owner"), f"/datasets/{stated(lab, 'mbr_1')}"
    for changed, field in (({"content": "table"}, "content"), (described, "columns")):
        assert f'"{field}"' in problem_of(lab.call("PATCH", path, token, json=changed), 422)
    assert lab.call("PATCH", path, token, json={"title": "Murs"}).status == 200


def test_deleted_files_are_erased(lab: Lab) -> None:
    """With their list: names alone tell of them."""
    dataset_id = stated(lab, "mbr_1")
    token, path = lab.token("mbr_1", "owner"), f"/datasets/{dataset_id}"
    with lab.database() as database:
        stored = database["datasets"].find_one({"_id": dataset_id})
    hashes = stored["hashes"] if stored else []
    assert len(hashes) == 3
    assert lab.call("DELETE", path, token, json={"reason": "Fin du bail"}).status == 200
    problem_of(lab.call("GET", f"{path}/files", token), 410)
    receipt = lab.get(f"{path}/deletion", lab.token("mbr_op", "operator"))
    assert {file["sha256"] for file in receipt["files"]} >= {*hashes}
