"""A retired dataset is found no more, and read by no project: those that read it are told why."""

from typing import Any

import pytest
import urllib3

from shared.aggregate import new_id
from shared.errors import WrongStage
from tests.integration.catalog.lab import Lab, delivered, problem_of, reading, submitted

REASON = "données périmées"


def retire(
    lab: Lab, dataset_id: str, member_id: str, role: str = "owner", reason: str = REASON
) -> urllib3.BaseHTTPResponse:
    """The answer to a retirement."""
    path = f"/datasets/{dataset_id}/retirement"
    return lab.call("POST", path, lab.token(member_id, role), json={"reason": reason})


def matching_ids(lab: Lab, word: str) -> list[str]:
    """The ids that a search for a word answers."""
    page: dict[str, Any] = lab.get(f"/datasets?q={word}", lab.token("mbr_z", "holder"))
    return [dataset["id"] for dataset in page["items"]]


def exported(lab: Lab, dataset_id: str) -> bool:
    """Whether a dataset is in the exported catalogue."""
    pages, after = "", ""
    with lab.rpc() as catalog:
        while after is not None:
            page = catalog.export_catalog("turtle", after or None, 100)
            pages, after = pages + page["text"], page["next"]
    return dataset_id in pages


def test_retired_dataset_is_found_nowhere(lab: Lab) -> None:
    """Neither by search, joins, export nor advice; its owner sees and downloads it still."""
    word, owner = new_id("mot").lower(), new_id("mbr")
    dataset_id = lab.published(owner, "commune", title=word, theme=word)
    assert matching_ids(lab, word) == [dataset_id]
    assert exported(lab, dataset_id)
    view = retire(lab, dataset_id, owner).json()
    assert (view["state"], view["retired"]) == ("retired", REASON)
    assert view["retirement"]["retired_by"] == owner
    event = lab.wait_for("dataset_retired", dataset_id=dataset_id)
    assert (event["retired_by"], event["reason"], event["source_id"]) == (owner, REASON, "")
    assert matching_ids(lab, word) == []
    assert not exported(lab, dataset_id)
    project = submitted(theme=word)
    lab.publish(project)
    matched = lab.wait_for("datasets_matched", project_id=project.project_id)["matches"]
    assert dataset_id not in {match["dataset_id"] for match in matched}
    table = f"/datasets/{dataset_id}/table"
    assert REASON in problem_of(lab.call("GET", table, lab.token("mbr_z", "holder")), 410)
    assert lab.call("GET", table, lab.token(owner, "owner")).status == 200
    assert retire(lab, dataset_id, owner, reason="autre").json()["retired"] == REASON
    lab.settled()
    assert len(lab.events("dataset_retired", dataset_id=dataset_id)) == 1


def test_projects_that_read_it_or_ask_for_it_are_told(lab: Lab) -> None:
    """Open data, granted data, and what waits; nobody grants it any more."""
    owner = new_id("mbr")
    free, kept = lab.published(owner), lab.published(owner, access="restricted")
    reads, waits = lab.opened_for(free), lab.ask_for(kept)
    granted = lab.ask_for(kept)
    with lab.rpc() as catalog:
        catalog.decide_access(f"{granted}.{kept}", owner, "grant")
        for dataset_id in (free, kept):
            assert retire(lab, dataset_id, owner).status == 200
        for project_id, dataset_id in ((reads, free), (granted, kept)):
            event = lab.wait_for("access_revoked", project_id=project_id, dataset_id=dataset_id)
            assert REASON in event["reason"]
        assert REASON in lab.wait_for("access_refused", project_id=waits)["reason"]
        for project_id in (waits, granted):
            with pytest.raises(WrongStage, match=REASON):
                catalog.decide_access(f"{project_id}.{kept}", owner, "grant")
    lab.settled()
    assert len(lab.events("access_revoked", project_id=granted)) == 1


def test_retired_dataset_is_refused_to_new_projects(lab: Lab) -> None:
    """When it is proposed already, and when it is asked for, without a word to its owner."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner, access="restricted")
    assert retire(lab, dataset_id, owner).status == 200
    project = submitted(treatment=reading(a=dataset_id))
    lab.publish(project)
    [obstacle] = lab.wait_for("inputs_checked", project_id=project.project_id)["obstacles"]
    assert (obstacle["passes"], REASON in obstacle["reason"]) == (False, True)
    project_id = lab.secure(dataset_id)
    assert REASON in lab.wait_for("access_refused", project_id=project_id)["reason"]
    assert lab.events("access_requested", project_id=project_id) == []


def test_only_owner_and_operators_retire(lab: Lab) -> None:
    """With a reason; by RPC the owner too. A result cannot be opened after that."""
    owner, holder = new_id("mbr"), new_id("mbr")
    dataset_id, waiting = lab.published(owner, access="restricted"), lab.upload(owner)
    problem_of(retire(lab, dataset_id, "mbr_z"), 403)
    problem_of(retire(lab, waiting, "mbr_z"), 404)
    problem_of(retire(lab, dataset_id, owner, "reviewer"), 403)
    assert "reason" in problem_of(retire(lab, dataset_id, owner, reason=" "), 422)
    result = lab.result_of(delivered(lab, dataset_id, holder_id=holder))
    with lab.rpc() as catalog:
        assert catalog.withdraw_dataset(waiting, owner, REASON)["state"] == "retired"
        catalog.request_opening(result, holder)
        assert retire(lab, result, "mbr_op", "operator").json()["state"] == "retired"
        with pytest.raises(WrongStage, match="retiré"):
            catalog.decide_on_opening(result, owner, "open", 1)
        with pytest.raises(WrongStage, match="retiré"):
            catalog.request_opening(result, holder)
