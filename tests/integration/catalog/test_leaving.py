"""A member leaves: its data is retired and nobody waits for its word."""

from shared.aggregate import new_id
from shared.events import MemberLeft
from tests.integration.catalog.lab import Lab, about, problem


def leave(lab: Lab, member_id: str) -> None:
    """Let a member leave, as told twice."""
    lab.publish(MemberLeft(member_id=member_id, reason="Fin."), times=2)
    lab.settled()


def test_datasets_of_a_member_who_left_are_retired_once(lab: Lab) -> None:
    """They are kept, and found no more; its token brings no new ones."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner)
    leave(lab, owner)
    told = lab.wait_for("dataset_retired", dataset_id=dataset_id)
    assert "a quitté le Datalab" in told["reason"]
    assert len(lab.events("dataset_retired", dataset_id=dataset_id)) == 1
    answer = lab.post_file("/datasets", lab.token(owner, "owner"), about())
    assert "a quitté le Datalab" in problem(answer, 403)


def test_nobody_waits_for_the_word_of_a_member_who_left(lab: Lab) -> None:
    """What it was asked is refused, what it granted ends, what it would be asked is refused."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner, access="restricted")
    waits, reads = lab.ask_for(dataset_id), lab.ask_for(dataset_id)
    path = f"/access-requests/{reads}.{dataset_id}/decision"
    token = lab.token(owner, "owner")
    assert lab.call("POST", path, token, json={"decision": "grant"}).status == 200
    lab.wait_for("access_granted", project_id=reads)
    leave(lab, owner)
    refused = lab.wait_for("access_refused", project_id=waits)
    revoked = lab.wait_for("access_revoked", project_id=reads)
    assert "a quitté" in refused["reason"]
    assert "a quitté" in revoked["reason"]
    later = lab.secure(dataset_id)
    assert lab.wait_for("access_refused", project_id=later)
    lab.settled()
    assert len(lab.events("access_refused", project_id=waits)) == 1
    assert len(lab.events("access_revoked", project_id=reads)) == 1
    again = lab.call("POST", path, token, json={"decision": "grant"})
    assert "a quitté le Datalab" in problem(again, 403)


def test_sources_of_a_member_who_left_are_harvested_no_more(lab: Lab) -> None:
    """Neither by plan nor on request."""
    operator = new_id("mbr")
    token = lab.token(operator, "operator")
    source = {
        "title": "Portail",
        "catalogue": "dcat",
        "url": "https://93.184.216.34/catalog",
        "theme": "territoire",
        "licence": "Licence Ouverte",
        "every_hours": 24,
    }
    source_id = lab.call("POST", "/sources", token, json=source).json()["id"]
    leave(lab, operator)
    assert lab.get(f"/sources/{source_id}", token)["every_hours"] is None
    problem(lab.call("POST", f"/sources/{source_id}/harvest", token, json={}), 403)
