"""Uploads over HTTP: what is taken in, what is turned away and why."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import urllib3

from shared import aggregate
from shared.aggregate import now
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
    """The same upload with the same key, sent twice, is one dataset and one event.

    A retry that comes late is a retry; what the dataset says by now is no new upload. A key that
    comes again with another file or other metadata names the header.
    """
    token = lab.token("mbr_2", "owner")

    def sent(title: str = "Communes", content: bytes = CSV, key: str = "k") -> Any:
        return lab.post_file("/datasets", token, about(title=title), content, key=key)

    (new_id,) = {sent().json()["id"] for _ in range(2)}
    lab.wait_for("dataset_registered", owner_id="mbr_2")
    assert [item["id"] for item in owned(lab, "mbr_2")] == [new_id]
    other = lab.post_file("/datasets", lab.token("mbr_2b", "owner"), about(), key="k")
    assert other.json()["id"] != new_id
    changed = lab.call("PATCH", f"/datasets/{new_id}", token, json={"title": "Autrement"})
    assert changed.status == 200, changed.data
    again = sent()
    assert (again.status, again.json()["id"], again.json()["title"]) == (202, new_id, "Autrement")
    for answer in (sent("Autrement"), sent(content=b"other")):
        assert "Idempotency-Key" in problem_of(answer, 422)
    assert "255" in problem_of(sent(key="k" * 256), 422)
    assert len(lab.events("dataset_registered", owner_id="mbr_2")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("territory", ["Trouville"]), ("access", "secret"), ("owner_id", "mbr_1")],
)
def test_wrong_metadata_names_the_field(lab: Lab, field: str, value: object) -> None:
    """Metadata that does not fit is refused by field."""
    answer = lab.post_file("/datasets", lab.token("mbr_4", "owner"), about(**{field: value}))
    assert field in problem_of(answer, 422)


def test_upload_that_is_refused_registers_nothing(lab: Lab) -> None:
    """Without metadata, licence, file or bytes, or with too many; a reviewer owns none."""
    token = lab.token("mbr_4", "owner")
    unlicensed = {key: value for key, value in about().items() if key != "licence"}
    assert "licence" in problem_of(lab.post_file("/datasets", token, unlicensed), 422)
    for part, fields in (
        ("metadata", {"file": ("a.csv", CSV)}),
        ("file", {"metadata": json.dumps(about())}),
    ):
        answer = lab.call("POST", "/datasets", token, fields=fields)
        assert part in problem_of(answer, 422)
    assert "vide" in problem_of(lab.post_file("/datasets", token, about(), b""), 422)
    large = lab.post_file("/datasets", token, about(), b"x" * (UPLOAD_BYTES + 1))
    assert "dépasse 100 ko" in problem_of(large, 413)
    assert owned(lab, "mbr_4") == []
    reviewer = lab.post_file("/datasets", lab.token("mbr_r", "reviewer"), about())
    assert "role" in problem_of(reviewer, 403)


def test_same_bytes_are_the_same_version_and_changed_bytes_a_new_one(lab: Lab) -> None:
    """Only what differs from the newest version is registered, with what the owner says of it.

    A version that is still being read is no news for others, who do not even learn of a dataset
    without any. Read, it tells what it changed.
    """
    dataset_id, token = lab.upload("mbr_6"), lab.token("mbr_6", "owner")
    path, stranger = f"/datasets/{dataset_id}", lab.token("mbr_13", "holder")
    assert lab.get(path, lab.token("mbr_op", "operator"))["id"] == dataset_id
    for part in ("", "/table"):
        problem_of(lab.call("GET", path + part, stranger), 404)
    assert len(lab.post_file(f"{path}/versions", token, {}).json()["versions"]) == 1
    lab.ingest(dataset_id, 1, "commune")
    note, content = {"note": "millésime 2026"}, CSV + b"14001;Ablon\n"
    view = lab.post_file(f"{path}/versions", token, note, content).json()
    assert [(v["number"], v["note"]) for v in view["versions"]] == [(1, ""), (2, "millésime 2026")]
    lab.wait_for("dataset_registered", dataset_id=dataset_id, version=2)
    assert len(lab.events("dataset_registered", dataset_id=dataset_id)) == 2
    assert [len(lab.get(path, member)["versions"]) for member in (token, stranger)] == [2, 1]
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
    job_id = aggregate.new_id("job")
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


def same(answer: urllib3.BaseHTTPResponse) -> list[tuple[str, int, str]]:
    """What an upload's answer tells of the same bytes elsewhere."""
    assert answer.status == 202, answer.data
    return [
        (version["dataset_id"], version["version"], version["message"])
        for version in answer.json()["same_bytes"]
    ]


def test_same_bytes_again_name_the_dataset_that_they_are(lab: Lab) -> None:
    """One's own, with what to do; one's own older version; and the newest's, which make none."""
    token, content = lab.token("mbr_same", "owner"), b"com;nom\n27229;Evreux\n"
    first = lab.post_file("/datasets", token, about(title="Un"), content)
    assert same(first) == []
    new_id = first.json()["id"]
    ((dataset, version, same_bytes),) = same(lab.post_file("/datasets", token, about(), content))
    assert (dataset, version) == (new_id, 1)
    assert same_bytes == (
        f"ce fichier est, octet pour octet, la version 1 de « Un » ({new_id}) : si c'est le même"
        " jeu, retirez l'un des deux"
    )
    path = f"/datasets/{new_id}/versions"
    same_versions = same(lab.post_file(path, token, {}, content))
    assert same_versions[0][:2] == (new_id, 1)
    assert "de ce jeu : aucune version n'est ajoutée" in same_versions[0][2]
    assert same(lab.post_file(path, token, {}, content + b"14118;Caen\n")) == []
    same_versions = [
        version for version in same(lab.post_file(path, token, {}, content)) if version[0] == new_id
    ]
    assert [version[:2] for version in same_versions] == [(new_id, 1)]
    assert same_versions[0][2].endswith("la version 1 de ce jeu")


@pytest.mark.parametrize("access", ["open", "restricted"])
def test_same_bytes_of_another_owner_are_told_where_one_may_read_them(
    lab: Lab, access: str
) -> None:
    """Who guesses at data that is restricted, or waits to be published, has nothing confirmed."""
    owner, content = f"mbr_{access}", f"com;nom\n14118;{access}\n".encode()
    token, other = lab.token(owner, "owner"), lab.token("mbr_guess", "owner")
    new_id = lab.post_file("/datasets", token, about(access=access), content).json()["id"]
    assert same(lab.post_file("/datasets", other, about(), content)) == []
    lab.ingest(new_id, 1)
    same_bytes = same(lab.post_file("/datasets", lab.token("mbr_third", "owner"), about(), content))
    assert [version[0] for version in same_bytes] == ([new_id] if access == "open" else [])
    assert all("retirez" not in version[2] for version in same_bytes)


def test_day_the_source_changed_the_data_comes_with_the_upload(lab: Lab) -> None:
    """Of each version its own; the day of the upload is none, and one to come is refused."""
    token = lab.token("mbr_dated", "owner")
    created = lab.post_file(
        "/datasets", token, about(modified="2024-05-02"), b"com\n14118\n"
    ).json()
    assert (created["modified"], created["versions"][0]["modified"]) == ("2024-05-02", "2024-05-02")
    path = f"/datasets/{created['id']}/versions"
    again = lab.post_file(path, token, {}, b"com\n27229\n").json()
    assert [response["modified"] for response in again["versions"]] == ["2024-05-02", None]
    assert again["modified"] is None
    body = {"modified": "2024-06-01"}
    changed = lab.call("PATCH", f"/datasets/{created['id']}", token, json=body).json()
    assert [version["modified"] for version in changed["versions"]] == ["2024-05-02", "2024-06-01"]
    late = lab.post_file("/datasets", token, about(modified="2999-01-01"))
    assert "modified" in problem_of(late, 422)
