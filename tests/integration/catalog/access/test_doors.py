"""Restricted data is behind one door, `open_dataset`: every other way to its bytes is shut."""

from typing import Any

import pytest

from services.catalog.access.views import GrantedDataset
from shared.aggregate import new_id
from shared.engine.tables.manifest import Column, Meaning, Profile
from shared.errors import Forbidden
from shared.events import MemberLeft
from shared.events.event import UNTOLD
from tests.integration.catalog.lab import Lab, delivered, failed, problem_of, reading

TABLE_AND_FILES = ("table", "files/chart.png", "files/result.parquet")


def granted(lab: Lab, dataset_id: str, owner: str, project_id: str = "", **bound: Any) -> str:
    """A project of `mbr_h` that may read that restricted dataset."""
    project_id = lab.ask_for(dataset_id, project_id=project_id)
    with lab.rpc() as catalog:
        catalog.decide_access(f"{project_id}.{dataset_id}", owner, "grant", **bound)
    return project_id


def test_granted_project_s_holder_downloads_nothing(lab: Lab) -> None:
    """The grant is for its jobs: the holder itself is a stranger like any other."""
    dataset_id = lab.published("mbr_o", access="restricted")
    granted(lab, dataset_id, "mbr_o")
    for member, role in (("mbr_h", "holder"), ("mbr_h", "owner"), ("mbr_z", "owner")):
        for path in TABLE_AND_FILES:
            answer = lab.call("GET", f"/datasets/{dataset_id}/{path}", lab.token(member, role))
            problem_of(answer, 403)


def test_version_that_is_not_published_is_nobody_s_to_download(lab: Lab) -> None:
    """Of what waits, or could not be read, strangers do not even know."""
    waiting, unreadable = (lab.upload("mbr_o", access="restricted") for _ in range(2))
    lab.publish(failed(unreadable, "bruit"))
    lab.wait_for("dataset_rejected", dataset_id=unreadable)
    for dataset_id in (waiting, unreadable):
        for path in TABLE_AND_FILES:
            token = lab.token("mbr_h", "holder")
            problem_of(lab.call("GET", f"/datasets/{dataset_id}/{path}", token), 404)


def test_what_is_shown_as_allowed_is_what_is_done(lab: Lab) -> None:
    """`may` says so before anybody tries: open, restricted, a team's result, retired, or unread."""
    owner, holder = new_id("mbr"), new_id("mbr")
    opened, closed = lab.published(owner), lab.published(owner, access="restricted")
    retired, waiting = lab.published(owner), lab.upload(owner)
    done = delivered(lab, closed, holder_id=holder)
    result = lab.result_of(done.model_copy(update={"team": ("mbr_t",)}))
    body = {"reason": "fini"}
    token = lab.token(owner, "owner")
    assert lab.call("POST", f"/datasets/{retired}/retirement", token, json=body).status == 200
    gone = new_id("mbr")
    lab.publish(MemberLeft(member_id=gone, reason="Fin."))
    lab.settled()
    others = (("mbr_t", "holder"), ("mbr_r", "reviewer"), ("mbr_z", "owner"), (gone, "reviewer"))
    is_taken = {}
    for dataset_id in (opened, closed, retired, waiting, result):
        for member, role in ((owner, "owner"), (holder, "holder"), *others):
            token = lab.token(member, role)
            shown = lab.call("GET", f"/datasets/{dataset_id}", token)
            may = shown.json()["may"] if shown.status == 200 else []
            path, theme = f"/datasets/{dataset_id}", {"theme": "logement"}
            allowed = {
                "download": lab.call("GET", f"{path}/table", token),
                "change": lab.call("PATCH", path, token, json=theme),
                "read_uses": lab.call("GET", f"{path}/uses", token),
            }
            done_actions = {action for action, answer in allowed.items() if answer.status == 200}
            is_taken[dataset_id, member] = "download" in may
            if member == gone:
                assert {*may} <= {"download"} & done_actions
                continue
            assert done_actions == {*may} & {*allowed}, (dataset_id, member)
            reply = {"answer": "confirm", "reason": "vu"}
            answer = lab.call("POST", f"{path}/not-personal/answer", token, json=reply)
            # Nothing is declared of them: 409 says so to who may answer.
            assert ("answer" in may) <= (answer.status == 409), (dataset_id, member)
            assert ("end" in may) == (member == (holder if dataset_id == result else owner))
    assert is_taken[result, "mbr_t"]
    assert not is_taken[result, "mbr_z"]
    assert (is_taken[opened, gone], is_taken[closed, gone]) == (True, False)


def hashes(lab: Lab, dataset_id: str, member: str, role: str) -> list[str | None]:
    """The hashes of a dataset's file and table that a member sees."""
    view = lab.get(f"/datasets/{dataset_id}", lab.token(member, role))
    [version] = view["versions"]
    return [version[name]["sha256"] for name in ("file", "table")]


def test_hashes_of_restricted_files_are_for_those_who_may_read_them(lab: Lab) -> None:
    """A hash proves what somebody has, and lets small files be guessed; sizes are told."""
    restricted, free = lab.published("mbr_o", access="restricted"), lab.published("mbr_o")
    assert hashes(lab, restricted, "mbr_z", "holder") == [None, None]
    for dataset_id, member, role in (
        (restricted, "mbr_o", "owner"),
        (restricted, "mbr_r", "reviewer"),
        (free, "mbr_z", "holder"),
    ):
        assert None not in hashes(lab, dataset_id, member, role)
    for dataset_id, is_told in ((restricted, False), (free, True)):
        path = f"/datasets/{dataset_id}?format=turtle"
        answer = lab.call("GET", path, lab.token("mbr_z", "holder"))
        assert (b"checksumValue" in answer.data) == is_told


def test_result_names_its_restricted_inputs_without_their_hashes(lab: Lab) -> None:
    """To all but its owner: also to those whose other data went into it."""
    inputs = [lab.published(member, access="restricted") for member in ("mbr_h", "mbr_r")]
    result = lab.result_of(delivered(lab, *inputs, lab.published("mbr_o")))
    for member, hashes_seen in (("mbr_r", ["", "", "a" * 64]), ("mbr_h", ["a" * 64] * 3)):
        view = lab.get(f"/datasets/{result}", lab.token(member, "holder"))
        provenance = view["versions"][0]["provenance"]
        assert [job_input["sha256"] for job_input in provenance["inputs"]] == hashes_seen


def test_strangers_see_no_value_of_restricted_rows(lab: Lab) -> None:
    """Columns and counts, but not the examples that tell the owner what to mend."""
    dataset_id = lab.upload("mbr_o", access="restricted")
    meaning = Meaning(type="commune", confidence=1, valid=0.5, invalid=("1411X",))
    column = Column(name="com", kind="text", filled=2, distinct=2, meaning=meaning)
    profile = Profile(rows=2, encoding="utf-8", columns=(column,))
    lab.publish(lab.reporting(lab.ingested(dataset_id, 1), **profile.model_dump()))
    lab.wait_for("dataset_published", dataset_id=dataset_id)
    for member, role, examples in (
        ("mbr_o", "owner", ["1411X"]),
        ("mbr_r", "reviewer", ["1411X"]),
        ("mbr_z", "owner", []),
    ):
        view = lab.get(f"/datasets/{dataset_id}", lab.token(member, role))
        [seen] = view["versions"][0]["profile"]["columns"]
        assert (seen["meaning"]["invalid"], seen["meaning"]["valid"]) == (examples, 0.5)
        assert ("1411X" in str(view)) == bool(examples)


def test_staff_leaves_a_trace_when_it_takes_restricted_data_away(lab: Lab) -> None:
    """The lab's staff may, and the owner sees who did; the owner's own downloads are no uses."""
    dataset_id = lab.published("mbr_o", access="restricted")
    path = f"/datasets/{dataset_id}/table"
    for member, role in (("mbr_o", "owner"), ("mbr_r", "reviewer")):
        assert lab.call("GET", path, lab.token(member, role)).status == 200
    [use] = lab.get(f"/datasets/{dataset_id}/uses", lab.token("mbr_o", "owner"))["items"]
    assert (use["holder_id"], use["project_id"], use["dataset_version"]) == ("mbr_r", "", 1)


def test_result_of_data_that_was_taken_back_is_kept_from_everybody(lab: Lab) -> None:
    """Delivering it is no way around the owner: no table, no files, no ingest job, and the reason.

    The bytes stay in the file store, where only the lab's operators reach them. What counts is how
    the project stands when it is delivered: where the owner granted it again, it is.
    """
    owner, holder = new_id("mbr"), new_id("mbr")
    source = lab.published(owner, access="restricted")
    event, again = (delivered(lab, source, holder_id=holder) for _ in range(2))
    with lab.rpc() as catalog:
        for project_id in (event.project_id, again.project_id):
            granted(lab, source, owner, project_id)
            catalog.decide_access(f"{project_id}.{source}", owner, "revoke", "étude finie")
        catalog.decide_access(f"{again.project_id}.{source}", owner, "grant")
    lab.publish(event, times=2)
    rejection = lab.wait_for("dataset_rejected", owner_id=holder)
    assert "étude finie" in rejection["reason"]
    lab.publish(again)
    assert lab.wait_for("dataset_registered", project_id=again.project_id)["file"]["size"] > 0
    lab.settled()
    assert lab.events("dataset_registered", project_id=event.project_id) == []
    kept = f"/datasets/{rejection['dataset_id']}"
    for path in TABLE_AND_FILES:
        for member, role in ((holder, "holder"), (owner, "owner")):
            answer = lab.call("GET", f"{kept}/{path}", lab.token(member, role))
            assert answer.status in {403, 409}
    problem_of(lab.call("GET", kept, lab.token("mbr_z", "owner")), 404)


def test_data_that_was_restricted_or_opened_since_is_asked_for_or_granted(lab: Lab) -> None:
    """At once: a grant that nobody gave, because the data was open then, opens nothing any more.

    Its owner may describe data as open instead of deciding.
    """
    owner = new_id("mbr")
    dataset_id, opened = lab.published(owner), lab.published(owner, access="restricted")
    project_id, asking = lab.opened_for(dataset_id), lab.ask_for(opened)
    with lab.rpc() as catalog:
        catalog.describe_dataset(dataset_id, owner, {"access": "restricted"})
        catalog.describe_dataset(opened, owner, {"access": "open"})
        lab.wait_for("access_requested", project_id=project_id, owner_id=owner)
        for _ in range(2):
            with pytest.raises(Forbidden):
                catalog.open_dataset(project_id, dataset_id)
        catalog.decide_access(f"{project_id}.{dataset_id}", owner, "grant")
        assert catalog.open_dataset(project_id, dataset_id)["version"] == 1
    lab.wait_for("data_access_opened", project_id=asking)
    assert lab.wait_for("access_granted", project_id=asking)["decided_by"] == "catalog"
    lab.settled()
    assert len(lab.events("access_requested", project_id=project_id)) == 1


def opened(lab: Lab, member_id: str, **inputs: str) -> set[str]:
    """The ids of what that member reads of a treatment's data, to try own code on.

    Of the rest it gets what rows are invented from.
    """
    with lab.rpc() as catalog:
        answer = catalog.open_readable(reading(**inputs).model_dump(), member_id)
    datasets = [GrantedDataset.model_validate(document) for document in answer]
    assert not any(dataset.is_protected or dataset.columns for dataset in datasets)
    for dataset in datasets:
        assert (dataset.file == UNTOLD) == (dataset.invention is not None)
    return {dataset.dataset_id for dataset in datasets if not dataset.invention}


def test_open_data_and_one_s_own_are_read_freely(lab: Lab) -> None:
    """Not what others' restricted data is in, nor what cannot be read yet, or does not exist."""
    free, own = lab.published("mbr_o"), lab.published("mbr_h", access="restricted")
    closed, waiting = lab.published("mbr_o", access="restricted"), lab.upload("mbr_h")
    inputs = {"a": free, "b": own, "c": closed, "d": waiting, "e": "dts_none"}
    assert opened(lab, "mbr_h", **inputs) == {free, own}
    assert opened(lab, "mbr_o", **inputs) == {free, closed}
    assert opened(lab, "", **inputs) == {free}
    uses = lab.get(f"/datasets/{own}/uses", lab.token("mbr_h", "owner"))
    assert uses["items"] == []
    result = lab.result_of(delivered(lab, closed))
    assert opened(lab, "mbr_h", result=result) == set()


def test_trial_gets_nothing_of_others_restricted_data(lab: Lab) -> None:
    """Nobody is asked: it gets what everybody may know, and no owner sees a use."""
    dataset_id = lab.published("mbr_o", access="restricted")
    project_id, job_id = lab.ask_for(dataset_id), new_id("job")
    with lab.rpc() as catalog:
        answer = catalog.open_dataset(project_id, dataset_id, job_id, kind="trial")
        for kind in ("full", None):
            with pytest.raises(Forbidden):
                catalog.open_dataset(project_id, dataset_id, job_id, kind=kind)
        with pytest.raises(Forbidden):
            catalog.open_dataset(new_id("prj"), dataset_id, job_id, kind="trial")
    invented = GrantedDataset.model_validate(answer)
    assert invented.invention
    assert (invented.invention.rows, invented.file, invented.sha256) == (100, UNTOLD, "")
    assert not any((invented.is_protected, invented.releases, invented.grant_id))
    assert [column.name for column in invented.described] == list(invented.table_columns)
    assert not any(column.filled or column.distinct for column in invented.described)
    assert lab.get(f"/datasets/{dataset_id}/uses", lab.token("mbr_o", "owner"))["items"] == []
