"""A member is erased: nothing that it said of its data or projects is left in the catalogue."""

import urllib3

from shared import events
from shared.aggregate import new_id
from shared.events.event import Step, Treatment
from tests.integration.catalog.lab import Lab, delivered, reading, submitted
from tests.servers import eventually

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


def test_files_of_an_erased_member_go_as_those_of_deleted_data(lab: Lab) -> None:
    """Its datasets are deleted, and each has its receipt."""
    member = new_id("mbr")
    dataset_id = marked(lab, member)
    erase(lab, member)
    path = f"/datasets/{dataset_id}/deletion"
    receipt = lab.get(path, lab.token("mbr_op", "operator"))
    assert len(receipt["files"]) == 3
    assert (receipt["deleted_by"], receipt["title"]) == (member, "[effacé]")


def test_no_word_of_an_erased_member_is_left(lab: Lab) -> None:
    """Of its data only ids, dates and hashes; others' data is untouched."""
    member, other = new_id("mbr"), new_id("mbr")
    own, theirs = marked(lab, member, access="restricted"), lab.published(other, title="Gares")
    project = request(member, treatment=reading(a=theirs))
    lab.publish(project)
    asking = lab.ask_for(own)
    body = {"decision": "grant", "purpose": MARK}
    assert answered(lab, f"{asking}.{own}", member, **body).status == 200
    result = lab.result_of(delivered(lab, theirs, holder_id=member))
    assert MARK in words_of(lab)
    erasure = erase(lab, member)
    left = words_of(lab)
    assert MARK not in left
    assert "Vacance par EPCI" not in left
    assert "Gares" in left
    assert set(erasure["dataset_ids"]) == {own, result}  # type: ignore[call-overload]
    assert len(lab.events("catalog_erased", member_id=member)) == 1
    token = lab.token(member, "owner")
    dataset = lab.get(f"/datasets/{own}", token)
    assert (dataset["state"], dataset["title"]) == ("deleted", "[effacé]")
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
