"""Uploads over HTTP: what is taken in, what is turned away and why."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shared.aggregate import new_id, now
from shared.events import FileRef, JobGivenUp, JobRetried
from shared.language.french import file_name
from tests.integration.catalog.lab import CSV, UPLOAD_BYTES, Lab, about, failed, problem_of
from tests.servers import eventually


def owned(lab: Lab, owner_id: str) -> list[dict[str, Any]]:
    """Everything that owner has, whatever its state."""
    token = lab.token(owner_id, "owner")
    return [
        item
        for state in ("pending", "published", "rejected")
        for item in lab.get(f"/datasets?owner_id={owner_id}&state={state}", token)["items"]
    ]


def test_upload_is_stored_registered_and_pending(lab: Lab) -> None:
    """The answer names the dataset, and compute hears of a file that is in the store."""
    token = lab.token("mbr_1", "owner")
    answer = lab.post_file("/datasets", token, about(keywords=["COG"], territory=["14", "27229"]))
    view = answer.json()
    assert (answer.status, answer.headers["Location"]) == (202, f"/datasets/{view['id']}")
    assert view["id"].startswith("dts_")
    assert (view["state"], view["version"]) == ("pending", None)
    event = lab.wait_for("dataset_registered", dataset_id=view["id"])
    assert (event["version"], event["filename"], event["owner_id"]) == (1, "données.csv", "mbr_1")
    assert lab.files.read(FileRef.model_validate(event["file"])) == CSV


def test_sheet_of_a_workbook_is_chosen_with_its_upload(lab: Lab) -> None:
    """Compute hears of it; it is no word on the data, and files have none."""
    token = lab.token("mbr_sheets", "owner")
    body = lab.post_file("/datasets", token, about(sheet=" EPCI ")).json()
    assert lab.wait_for("dataset_registered", dataset_id=body["id"])["sheet"] == "EPCI"
    path = f"/datasets/{body['id']}"
    other = lab.post_file(f"{path}/versions", token, {"sheet": "Communes"}).json()
    assert [version["sheet"] for version in other["versions"]] == ["EPCI", "Communes"]
    assert lab.call("PATCH", path, token, json={"sheet": "EPCI"}).status == 422
    assert lab.post_file("/datasets", token, about(sheet="EPCI", content="files")).status == 422


def test_idempotency_key_makes_one_dataset(lab: Lab) -> None:
    """The same upload with the same key, sent twice, is one dataset and one event."""
    token = lab.token("mbr_2", "owner")
    ids = {lab.post_file("/datasets", token, about(), key="k").json()["id"] for _ in range(2)}
    assert len(ids) == 1
    lab.wait_for("dataset_registered", owner_id="mbr_2")
    assert [item["id"] for item in owned(lab, "mbr_2")] == list(ids)
    other = lab.post_file("/datasets", lab.token("mbr_2b", "owner"), about(), key="k")
    assert other.json()["id"] not in ids
    assert len(lab.events("dataset_registered", owner_id="mbr_2")) == 1


def test_idempotency_key_finds_the_dataset_whatever_was_said_of_it_since(lab: Lab) -> None:
    """A retry that comes late is a retry; what the dataset says by now is no new upload."""
    token = lab.token("mbr_late", "owner")
    new_id = lab.post_file("/datasets", token, about(), key="k").json()["id"]
    changed = lab.call("PATCH", f"/datasets/{new_id}", token, json={"title": "Autrement"})
    assert changed.status == 200, changed.data
    again = lab.post_file("/datasets", token, about(), key="k")
    assert (again.status, again.json()["id"], again.json()["title"]) == (202, new_id, "Autrement")
    other = lab.post_file("/datasets", token, about(title="Autrement"), key="k")
    assert "Idempotency-Key" in problem_of(other, 422)


@pytest.mark.parametrize(("title", "content"), [("Communes", b"other"), ("Autre", CSV)])
def test_idempotency_key_of_another_upload_is_refused(lab: Lab, title: str, content: bytes) -> None:
    """A key that comes again with another file or other metadata names the header."""
    token = lab.token("mbr_3", "owner")
    lab.post_file("/datasets", token, about(), key="k")
    answer = lab.post_file("/datasets", token, about(title=title), content, key="k")
    assert "Idempotency-Key" in problem_of(answer, 422)
    assert len(owned(lab, "mbr_3")) == 1


def test_overlong_idempotency_key_is_refused(lab: Lab) -> None:
    """A key is a text of at most 255 characters."""
    answer = lab.post_file("/datasets", lab.token("mbr_3", "owner"), about(), key="k" * 256)
    assert "255" in problem_of(answer, 422)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", None),
        ("title", "\u200b"),
        ("description", "\x1b[31m"),
        ("territory", ["1411"]),
        ("territory", ["Trouville"]),
        ("access", "secret"),
        ("source_url", "ftp://x"),
        ("keywords", ["k"] * 31),
        ("owner_id", "mbr_1"),
    ],
)
def test_wrong_metadata_names_the_field(lab: Lab, field: str, value: object) -> None:
    """Metadata that does not fit is refused by field, and nothing is registered."""
    answer = lab.post_file("/datasets", lab.token("mbr_4", "owner"), about(**{field: value}))
    assert field in problem_of(answer, 422)
    assert owned(lab, "mbr_4") == []


def test_missing_metadata_field_is_named(lab: Lab) -> None:
    """A licence is never assumed."""
    metadata = {key: value for key, value in about().items() if key != "licence"}
    answer = lab.post_file("/datasets", lab.token("mbr_4", "owner"), metadata)
    assert "licence" in problem_of(answer, 422)


@pytest.mark.parametrize("part", ["metadata", "file"])
def test_missing_part_is_named(lab: Lab, part: str) -> None:
    """An upload without its file or without its metadata is refused."""
    fields = {
        "metadata": ("metadata", json.dumps(about()).encode(), "application/json"),
        "file": ("a.csv", CSV, "text/csv"),
    }
    fields.pop(part)
    answer = lab.call("POST", "/datasets", lab.token("mbr_5", "owner"), fields=fields)
    assert part in problem_of(answer, 422)
    assert owned(lab, "mbr_5") == []


@pytest.mark.parametrize(
    ("size", "status", "reason"), [(0, 422, "vide"), (UPLOAD_BYTES + 1, 413, "dépasse 100 ko")]
)
def test_empty_or_oversized_file_is_refused(lab: Lab, size: int, status: int, reason: str) -> None:
    """No bytes are no dataset, too many are too large, and nothing is registered."""
    answer = lab.post_file("/datasets", lab.token("mbr_5", "owner"), about(), b"x" * size)
    assert reason in problem_of(answer, status)
    assert owned(lab, "mbr_5") == []


def test_role_without_data_uploads_nothing(lab: Lab) -> None:
    """A reviewer owns no data."""
    answer = lab.post_file("/datasets", lab.token("mbr_r", "reviewer"), about())
    assert "role" in problem_of(answer, 403)


def test_same_bytes_are_the_same_version_and_changed_bytes_a_new_one(lab: Lab) -> None:
    """Only what differs from the newest version is registered, with what the owner says of it."""
    token = lab.token("mbr_6", "owner")
    dataset_id = lab.upload("mbr_6")
    path = f"/datasets/{dataset_id}/versions"
    assert len(lab.post_file(path, token, {}).json()["versions"]) == 1
    view = lab.post_file(path, token, {"note": "millésime 2026"}, CSV + b"14001;Ablon\n").json()
    assert [(v["number"], v["note"]) for v in view["versions"]] == [(1, ""), (2, "millésime 2026")]
    lab.wait_for("dataset_registered", dataset_id=dataset_id, version=2)
    assert len(lab.events("dataset_registered", dataset_id=dataset_id)) == 2


def test_new_version_tells_what_it_changed(lab: Lab) -> None:
    """Columns, kinds, rows and keys beside the version published before it."""
    dataset_id = lab.published("mbr_6", "commune")
    path, token = f"/datasets/{dataset_id}", lab.token("mbr_6", "owner")
    lab.post_file(f"{path}/versions", token, {}, b"more")
    lab.ingest(dataset_id, 2, "commune", "siren")
    first, second = lab.get(path, token)["versions"]
    assert first["changes"] is None
    assert (second["changes"]["since"], second["changes"]["added"]) == (1, ["siren"])


def test_versions_are_added_by_the_owner_only(lab: Lab) -> None:
    """Another owner is told so of public data, and nothing of what is not public."""
    public, hidden = lab.published("mbr_7"), lab.upload("mbr_7")
    stranger = lab.token("mbr_8", "owner")
    problem_of(lab.post_file(f"/datasets/{public}/versions", stranger, {}, b"x"), 403)
    problem_of(lab.post_file(f"/datasets/{hidden}/versions", stranger, {}, b"x"), 404)
    problem_of(lab.post_file("/datasets/dts_none/versions", stranger, {}, b"x"), 404)
    view = lab.get(f"/datasets/{public}", lab.token("mbr_7", "owner"))
    assert len(view["versions"]) == 1


def test_unpublished_dataset_is_its_owners_and_staffs_to_see(lab: Lab) -> None:
    """Others do not even learn that it exists."""
    dataset_id = lab.upload("mbr_9")
    path = f"/datasets/{dataset_id}"
    assert lab.get(path, lab.token("mbr_9", "owner"))["id"] == dataset_id
    assert lab.get(path, lab.token("mbr_op", "operator"))["id"] == dataset_id
    problem_of(lab.call("GET", path, lab.token("mbr_10", "holder")), 404)
    problem_of(lab.call("GET", f"{path}/table", lab.token("mbr_10", "holder")), 404)


def test_rejected_upload_says_why_and_can_be_tried_again(lab: Lab) -> None:
    """The owner reads the reason; the same bytes again are a new version."""
    dataset_id, token = lab.upload("mbr_11"), lab.token("mbr_11", "owner")
    lab.publish(failed(dataset_id, "Le fichier est une archive zip."), times=2)
    event = lab.wait_for("dataset_rejected", dataset_id=dataset_id)
    assert event["reason"] == "Le fichier est une archive zip."
    view = lab.get(f"/datasets/{dataset_id}", token)
    assert (view["state"], view["versions"][0]["reason"]) == ("rejected", event["reason"])
    assert len(lab.post_file(f"/datasets/{dataset_id}/versions", token, {}).json()["versions"]) == 2
    assert len(lab.events("dataset_rejected", dataset_id=dataset_id)) == 1


def test_strangers_see_published_versions_only(lab: Lab) -> None:
    """A version that is still being read is no news for others."""
    dataset_id = lab.published("mbr_12", "commune")
    lab.post_file(f"/datasets/{dataset_id}/versions", lab.token("mbr_12", "owner"), {}, b"more")
    seen = {
        member: len(lab.get(f"/datasets/{dataset_id}", lab.token(member, "holder"))["versions"])
        for member in ("mbr_12", "mbr_13")
    }
    assert seen == {"mbr_12": 2, "mbr_13": 1}


def test_open_table_is_for_everybody_restricted_for_owner_and_staff(lab: Lab) -> None:
    """A published table leaves as Parquet, a restricted one not to strangers."""
    open_id = lab.published("mbr_14")
    restricted = lab.published("mbr_14", access="restricted")
    stranger, owner = lab.token("mbr_15", "holder"), lab.token("mbr_14", "owner")
    answer = lab.call("GET", f"/datasets/{open_id}/table", stranger)
    assert (answer.status, answer.data) == (200, b"PAR1" + open_id.encode())
    called = file_name("Communes", now(), ".parquet")
    assert answer.headers["Content-Disposition"] == f"attachment; filename={called}"
    problem_of(lab.call("GET", f"/datasets/{restricted}/table", stranger), 403)
    for token in (owner, lab.token("mbr_op", "operator")):
        assert lab.call("GET", f"/datasets/{restricted}/table", token).status == 200


def test_start_clears_away_what_a_killed_process_left(lab: Lab) -> None:
    """An upload that nobody will finish takes no room for ever."""
    left = Path(lab.files.path("tmp/left"))
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half of it")
    os.utime(left, (0, 0))
    lab.service.kill()
    lab.service.start()
    eventually(lambda: not left.exists(), what="the rest is gone")
    assert lab.upload("mbr_16").startswith("dts_")


def test_version_says_that_its_reading_waits_for_an_operator(lab: Lab) -> None:
    """In any order of the news; once it is read, or goes on, nothing is said any more."""
    token = lab.token("mbr_1", "owner")
    dataset_id = lab.upload("mbr_1", b"attend")
    about_it = {"kind": "ingest", "dataset_id": dataset_id, "dataset_version": 1}
    job_id = new_id("job")
    given_up = JobGivenUp(job_id=job_id, reason="erreur interne", **about_it)

    def reason() -> str:
        lab.settled()
        return str(lab.get(f"/datasets/{dataset_id}", token)["versions"][0]["reason"])

    lab.publish(given_up, job_id, sequence=4)
    assert reason().startswith("lecture suspendue : erreur interne ; un exploitant")
    lab.publish(JobRetried(job_id=job_id, **about_it), job_id, sequence=7)
    assert reason() == ""
    lab.publish(given_up, job_id, sequence=6)
    assert reason() == ""
    lab.ingest(dataset_id, 1)
    assert reason() == ""
