"""A member leaves, and is erased: nobody waits for its word, and none of it is left."""

import pytest
import urllib3

from shared import events
from shared.aggregate import new_id
from shared.errors import Forbidden
from shared.events import MemberLeft
from shared.events.event import Step, Treatment
from tests.integration.catalog.lab import Lab, about, delivered, problem_of, reading, submitted
from tests.servers import eventually


def leave(lab: Lab, member_id: str) -> None:
    """Let a member leave, as told twice."""
    lab.publish(MemberLeft(member_id=member_id, reason="Fin."), times=2)
    lab.settled()


def test_datasets_of_a_member_who_left_are_retired_once(lab: Lab) -> None:
    """They are kept, and found no more; its token brings no new ones."""
    owner = new_id("mbr")
    dataset_id = lab.published(owner)
    leave(lab, owner)
    event = lab.wait_for("dataset_retired", dataset_id=dataset_id)
    assert "a quitté le Datalab" in event["reason"]
    assert len(lab.events("dataset_retired", dataset_id=dataset_id)) == 1
    answer = lab.post_file("/datasets", lab.token(owner, "owner"), about())
    assert "a quitté le Datalab" in problem_of(answer, 403)


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
    assert "a quitté le Datalab" in problem_of(again, 403)


def test_member_who_left_has_no_word_any_more(lab: Lab) -> None:
    """Neither on the opening of a result, nor on access, nor on the end of others' data.

    Nor does it take a result of its team away, nor one of the staff who left; the owner still has
    what is its own.
    """
    holder, owner, staff, team = (new_id("mbr") for _ in range(4))
    source = lab.published(owner, access="restricted")
    event = delivered(lab, source, holder_id=holder)
    result = lab.result_of(event.model_copy(update={"team": (team,)}))
    path, token = f"/datasets/{result}", lab.token(holder, "holder")
    assert lab.call("POST", f"{path}/opening", token, json={}).status == 200
    project, readers = (
        lab.ask_for(source),
        (lab.token(team, "holder"), lab.token(staff, "operator")),
    )
    assert [lab.call("GET", f"{path}/table", reader).status for reader in readers] == [200, 200]
    for member in (owner, staff, team):
        leave(lab, member)
    opening, end = {"decision": "open", "version": 1}, {"reason": "fin"}
    owned = lab.token(owner, "owner")
    answers = [
        lab.call("POST", f"{path}/opening/decision", owned, json=opening),
        lab.call("POST", f"{path}/retirement", readers[1], json=end),
        *(
            lab.call("GET", f"{path}/{file}", reader)
            for file in ("table", "files/chart.png")
            for reader in readers
        ),
    ]
    for answer in answers:
        assert "a quitté le Datalab" in problem_of(answer, 403)
    with lab.rpc() as catalog:
        with pytest.raises(Forbidden, match="a quitté"):
            catalog.request_opening(source, owner)
        with pytest.raises(Forbidden, match="a quitté"):
            catalog.decide_access(f"{project}.{source}", owner, "grant")
    assert lab.get(path, token)["access"] == "restricted"
    leave(lab, holder)
    assert lab.call("GET", f"{path}/table", token).status == 200


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
    problem_of(lab.call("POST", f"/sources/{source_id}/harvest", token, json={}), 403)


MARK = "Zénobie"


def words_of(lab: Lab) -> str:
    """All that the catalogue's database holds, as one text."""
    with lab.database() as database:
        names = database.list_collection_names()
        return "\n".join(repr(document) for name in names for document in database[name].find())


def marked(lab: Lab, owner_id: str, **about: object) -> str:
    """The id of a published dataset of a member that says much of it."""
    fields = {
        "title": f"Abonnés de {MARK}",
        "description": MARK,
        "keywords": [MARK],
        "producer": MARK,
        "contact": {"name": MARK, "email": f"{MARK}@exemple.fr"},
        "columns": [{"name": "commune", "description": f"commune de {MARK}"}],
        **about,
    }
    return lab.published(owner_id, "commune", **fields)


def request(owner_id: str, **overrides: object) -> events.ProjectSubmitted:
    """A project of that member that says much of itself."""
    fields = {"title": MARK, "problem": MARK, "keywords": (MARK,), **overrides}
    return submitted(holder_id=owner_id, **fields)


def answered(lab: Lab, request_id: str, member: str, **body: object) -> urllib3.BaseHTTPResponse:
    """What the catalogue says to a decision."""
    path = f"/access-requests/{request_id}/decision"
    return lab.call("POST", path, lab.token(member, "owner"), json=body)


def erase(lab: Lab, member_id: str) -> dict[str, object]:
    """Let a member leave and erase it, each told twice; the catalogue's answer."""
    lab.publish(events.MemberLeft(member_id=member_id, reason="Fin."), times=2)
    lab.settled()
    lab.publish(
        events.ErasureRequested(erasure_id=f"ers_{member_id}", member_id=member_id), times=2
    )
    event = lab.wait_for("catalog_erased", member_id=member_id)
    lab.settled()
    return event


def test_no_word_of_an_erased_member_is_left(lab: Lab) -> None:
    """Of its data only ids, dates and hashes; others' data is untouched."""
    member, other = new_id("mbr"), new_id("mbr")
    own, theirs = marked(lab, member, access="restricted"), lab.published(other, title="Gares")
    project = request(member, treatment=reading(a=theirs))
    lab.publish(project)
    asking = lab.ask_for(own)
    body = {"decision": "grant", "purpose": MARK}
    assert answered(lab, f"{asking}.{own}", member, **body).status == 200
    event = delivered(lab, theirs, holder_id=member)
    result = lab.result_of(event.model_copy(update={"title": f"Vacance de {MARK}"}))
    assert MARK in words_of(lab)
    erasure = erase(lab, member)
    left = words_of(lab)
    assert MARK not in left
    assert "Gares" in left
    assert set(erasure["dataset_ids"]) == {own, result}  # type: ignore[call-overload]
    assert len(lab.events("catalog_erased", member_id=member)) == 1
    token = lab.token(member, "owner")
    dataset = lab.get(f"/datasets/{own}", token)
    assert (dataset["state"], dataset["title"]) == ("deleted", "[effacé]")
    receipt = lab.get(f"/datasets/{own}/deletion", lab.token("mbr_op", "operator"))
    assert len(receipt["files"]) == 3
    assert (receipt["deleted_by"], receipt["title"]) == (member, "[effacé]")
    assert lab.call("GET", f"/datasets/{own}/table", token).status == 410


def test_what_columns_hold_goes_from_the_requests_that_showed_it(lab: Lab) -> None:
    """Those of others' projects, whose owners and reviewers read it there."""
    member = new_id("mbr")
    own = marked(lab, member, access="restricted")
    fields = {"by": ["commune"], "counts": ["commune"]}
    counted = Step(application="aggregate", inputs={"table": "a"}, parameters=fields, output="r")
    about = {"project_id": new_id("prj"), "holder_id": "mbr_h", "dataset_ids": (own,)}
    treatment = Treatment(inputs={"a": own}, steps=(counted,))
    review = {"decided_by": "mbr_r", "reason": "conforme", "treatment": treatment, "proposal": 1}
    lab.publish(events.ProjectSecured.model_validate(about | review))
    asked = lab.wait_for("access_requested", dataset_id=own)["asked"]
    assert any(f"« commune » (« commune de {MARK} »)" in sentence for sentence in asked)
    erase(lab, member)
    assert MARK not in words_of(lab)


def test_events_that_come_late_bring_nothing_back(lab: Lab) -> None:
    """A submission, a reading and a delivery that waited in queues or outboxes."""
    member = new_id("mbr")
    dataset_id = lab.upload(member, title=MARK)
    ingested = lab.ingested(dataset_id, 1, "commune")
    erase(lab, member)
    lab.publish(request(member))
    lab.publish(ingested)
    lab.publish(delivered(lab, holder_id=member).model_copy(update={"title": MARK}))
    about = {"kind": "ingest", "dataset_id": dataset_id, "dataset_version": 1}
    lab.publish(events.JobFailed.model_validate({"job_id": new_id("job"), **about, "reason": MARK}))
    lab.settled()
    eventually(lambda: MARK not in words_of(lab), what="nothing is left")
    assert lab.get(f"/datasets/{dataset_id}", lab.token(member, "owner"))["state"] == "deleted"
