"""The same commands by RPC, from a stock nameko client; and what is repeated is done once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import product
from uuid import uuid4

import pytest

from services.intake import commands
from services.intake.bodies import ListProjects, SubmitProject
from services.intake.commands import impediment
from services.intake.model import Project
from services.intake.submission import claim
from shared.auth import Caller
from shared.errors import Forbidden, Invalid, NotFound, WrongStage
from shared.inbound import IdempotencyKey
from shared.store import Store
from tests.integration.intake import lab as at
from tests.integration.intake.lab import PROJECT, REVIEWER, Lab
from tests.servers import eventually
from tests.unit.intake import samples as made


def holder() -> tuple[str, str]:
    """A holder that no other test uses."""
    return (f"mbr_{uuid4().hex}", "holder")


def keyed(key: str) -> dict[str, str]:
    """The header of a submission that may be repeated."""
    return {"Idempotency-Key": key}


def test_a_stock_client_takes_a_project_to_its_delivery(lab: Lab) -> None:
    """Every command, with plain JSON in and out."""
    with lab.rpc() as intake:
        member = intake.register_member({"name": "Ville", "kind": "local_authority"})["id"]
        assert intake.get_member(member)["kind"] == "local_authority"
        project_id = intake.submit_project("mbr_rpc", {**PROJECT, "treatment": None})["id"]
        intake.set_treatment(project_id, PROJECT["treatment"], by="mbr_rpc")
        at.bring(lab, project_id, "advised")
        lab.tell_owners(project_id)
        with pytest.raises(WrongStage, match="le projet a changé"):
            intake.review_project(project_id, "secure", "Oui.", by="mbr_reviewer", version=1)
        read = intake.get_project(project_id)["version"]
        intake.review_project(project_id, "secure", "Oui.", by="mbr_reviewer", version=read)
        lab.publish_and_wait(at.access(project_id))
        lab.publish_and_wait(at.workspace(project_id))
        lab.publish_and_wait(at.succeeded(project_id, "trial", at.new_job()))
        intake.choose_pilot_site(project_id, member, by="mbr_reviewer")
        with pytest.raises(NotFound, match=project_id):
            intake.answer_invitation(project_id, by="mbr_rpc", answer="accept")
        with pytest.raises(Invalid, match="reason"):
            intake.answer_invitation(project_id, by=member, answer="decline")
        said = intake.answer_invitation(project_id, by=member, answer="accept")
        assert (said["part"], said["state"]) == ("pilot_site", "accepted")
        intake.form_team(project_id, [member], by="mbr_reviewer")
        said = intake.answer_invitation(project_id, by=member, answer="accept")
        assert (said["part"], said["project_id"]) == ("team", project_id)
        job_id = at.new_job()
        lab.publish_and_wait(at.succeeded(project_id, "full", job_id))
        delivery = {"job_id": job_id, "title": "T", "description": "D", "licence": "lov2"}
        intake.deliver_project(project_id, delivery, by="mbr_rpc")
        shown = intake.get_project(project_id)
        listed = intake.list_projects(stage="delivered", holder_id="mbr_rpc")
    assert shown["stage"] == "delivered"
    assert [item["id"] for item in listed["items"]] == [project_id]
    assert not {"outbox", "handled"} & set(shown)


def test_a_program_changes_a_treatment_as_the_member_it_names(lab: Lab) -> None:
    """A reviewer's own change is reviewed by that, the holder's is compared first."""
    project_id = lab.submit()
    at.bring(lab, project_id, "equipped")
    lab.publish_and_wait(at.failed(project_id, at.new_job()))
    with lab.rpc() as intake:
        for by in (at.HOLDER[0], at.REVIEWER[0]):
            shown = intake.set_treatment(project_id, PROJECT["treatment"], by=by)
            assert shown["history"][-1]["by"] == by
        with pytest.raises(WrongStage, match="aucune colonne"):
            intake.narrow_treatment(project_id, by=at.HOLDER[0])
    assert shown["history"][-1]["why"] == "Nouveau traitement, examiné par le lab."


def test_a_redelivered_call_is_done_once(lab: Lab) -> None:
    """The broker delivers a request again when a process dies before it answers."""
    (holder_id, _), name = holder(), f"Ville {uuid4().hex}"
    member = {"name": name, "kind": "local_authority"}
    ids = []
    for method, arguments in (
        ("submit_project", [holder_id, PROJECT]),
        ("register_member", [member]),
    ):
        answers = lab.delivered_again(method, {"args": arguments, "kwargs": {}}, times=3)
        assert [answer["error"] for answer in answers] == [None] * 3
        (result_id,) = {answer["result"]["id"] for answer in answers}
        ids.append(result_id)
    assert len(lab.documents("projects", holder_id=holder_id)) == 1
    eventually(lambda: lab.topics(ids[1]) == ["member_joined"])


def test_the_same_call_made_twice_registers_two_projects_unless_it_has_a_key(lab: Lab) -> None:
    """A holder may well submit two alike; a key of before with another body is refused by name."""
    other = {**PROJECT, "title": "Autre"}
    with lab.rpc() as intake:
        ids = {intake.submit_project("mbr_rpc", PROJECT)["id"] for _ in range(2)}
        keyed_ids = {
            intake.submit_project("mbr_rpc", PROJECT, idempotency_key="k")["id"] for _ in range(2)
        }
        with pytest.raises(Invalid, match="idempotency_key: a déjà servi"):
            intake.submit_project("mbr_rpc", other, idempotency_key="k")
    assert (len(ids), len(keyed_ids)) == (2, 1)


def test_a_repeated_submission_registers_one_project(lab: Lab) -> None:
    """The same key, caller and body: the same answer, one event, also from many at a time."""
    who = holder()

    def submit(_number: int) -> tuple[int, bytes, str]:
        answer = lab.call("POST", "/projects", PROJECT, who=who, headers=keyed("k"))
        return answer.status, answer.data, answer.headers["Location"]

    with ThreadPoolExecutor(12) as pool:
        assert len({(status, place) for status, _, place in pool.map(submit, range(12))}) == 1
    (status, body, _), again = submit(0), submit(1)
    assert (status, body) == (201, again[1])
    (project,) = lab.documents("projects", holder_id=who[0])
    eventually(lambda: lab.topics(project["_id"]) == ["project_submitted"])
    other = {**PROJECT, "title": "Autre"}
    for sent, key in ((other, "k"), (PROJECT, ""), (PROJECT, "x" * 256)):
        problem = lab.refused(422, "POST", "/projects", sent, who=who, headers=keyed(key))
        assert problem["field"] == "Idempotency-Key"
    assert len(lab.documents("projects", holder_id=who[0])) == 1


def test_a_submission_that_broke_off_half_way_is_completed(lab: Lab) -> None:
    """The key was kept but the process died before the project was: the retry makes it."""
    who, key = holder(), "broken off"
    with lab.store() as store:
        body = SubmitProject.model_validate(PROJECT)
        project_id = claim(store, "prj", who[0], IdempotencyKey(key), body)
    sent = lab.done("POST", "/projects", PROJECT, who=who, headers=keyed(key))
    assert (sent["id"], sent["stage"]) == (project_id, "submitted")


def test_keys_are_each_holders_own(lab: Lab) -> None:
    """Two holders may choose the same key, one holder several; members are registered so, too."""
    who = holder()
    ids = {
        lab.done("POST", "/projects", PROJECT, who=caller, headers=keyed(key))["id"]
        for caller, key in ((who, "k"), (holder(), "k"), (who, "l"))
    }
    body = {"name": f"Ville {uuid4().hex}", "kind": "local_authority"}
    for _ in range(2):
        lab.done("POST", "/members", body, who=REVIEWER, headers=keyed("k"))
    assert len(ids) == 3
    assert len(lab.documents("members", name=body["name"])) == 1


@pytest.mark.parametrize(
    ("agreed_by", "same"), [("acc_one", {"acc_one", ""}), ("", {"acc_one", "acc_two", ""})]
)
def test_who_agreed_reads_so_where_its_word_would_be_refused(
    store: Store, agreed_by: str, same: set[str]
) -> None:
    """In the list and in the review; who came by a link is any person of its member."""
    it = made.project_at("advised")
    made.review(it, "secure", needed=2, account_id=agreed_by)
    it.version = 0  # nothing of it was saved here
    store.of(Project).save(it)
    for member, account in product((made.REVIEWER, "mbr_second"), ("acc_one", "acc_two", "")):
        caller = Caller(member, frozenset({"reviewer"}), account)
        shown = commands.read_review(store, caller, it.id, needed=3).has_agreed
        page = commands.page_projects(store, caller, ListProjects())
        assert shown == page.items[0].has_agreed == (member == made.REVIEWER and account in same)
        again = store.of(Project).get(it.id)
        with pytest.raises(Forbidden, match="déjà prononcé") if shown else nullcontext():
            made.review(again, "secure", by=member, needed=3, account_id=account)


def test_who_agreed_to_a_treatment_does_not_review_it_again(store: Store) -> None:
    """Asked of its review by account; another person of the same member may."""
    it = made.project_at("advised")
    made.review(it, "secure", needed=2, account_id="acc_one")
    it.version = 0  # nothing of it was saved here
    store.of(Project).save(it)
    barred = {
        account: bool(impediment(store, it.id, made.REVIEWER, account))
        for account in ("acc_one", "acc_two", "")
    }
    assert barred == {"acc_one": True, "acc_two": False, "": False}
    assert impediment(store, it.id, made.HOLDER)
    store.of(Project).change(it.id, lambda project: made.review(project, "complete"))
    asked = impediment(store, it.id, made.REVIEWER, "acc_two")
    assert asked == "le projet attend son porteur : répondre au relecteur"
