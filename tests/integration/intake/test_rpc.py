"""The same commands and questions by RPC, from a stock nameko client."""

from contextlib import nullcontext
from itertools import product
from uuid import uuid4

import pytest

from services.intake import commands
from services.intake.bodies import ListProjects
from services.intake.commands import impediment
from services.intake.model import Project
from shared.auth import Caller
from shared.errors import Forbidden, Invalid, NotFound, WrongStage
from shared.store import Store
from tests.integration.intake import lab as at
from tests.integration.intake.lab import PROJECT, Lab
from tests.servers import eventually
from tests.unit.intake import samples as made


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


def test_a_redelivered_call_registers_one_project(lab: Lab) -> None:
    """The broker delivers a request again when a process dies before it answers."""
    holder_id = f"mbr_{uuid4().hex}"
    body = {"args": [holder_id, PROJECT], "kwargs": {}}
    answers = lab.delivered_again("submit_project", body, times=3)
    assert [answer["error"] for answer in answers] == [None] * 3
    assert len({answer["result"]["id"] for answer in answers}) == 1
    assert len(lab.documents("projects", holder_id=holder_id)) == 1


def test_a_redelivered_call_registers_one_member(lab: Lab) -> None:
    """And tells of it once."""
    member = {"name": f"Ville {uuid4().hex}", "kind": "local_authority"}
    body = {"args": [member], "kwargs": {}}
    answers = lab.delivered_again("register_member", body, times=3)
    (member_id,) = {answer["result"]["id"] for answer in answers}
    eventually(lambda: lab.topics(member_id) == ["member_joined"])


def test_the_same_call_made_twice_registers_two_projects(lab: Lab) -> None:
    """A holder may well submit two alike; only a redelivery is a repetition."""
    with lab.rpc() as intake:
        ids = {intake.submit_project("mbr_rpc", PROJECT)["id"] for _ in range(2)}
    assert len(ids) == 2


def test_an_idempotency_key_works_by_rpc_too(lab: Lab) -> None:
    """Two calls with one key are one submission."""
    with lab.rpc() as intake:
        ids = {
            intake.submit_project("mbr_rpc", PROJECT, idempotency_key="k")["id"] for _ in range(2)
        }
    assert len(ids) == 1


def test_a_key_sent_with_another_body_is_refused_by_its_rpc_name(lab: Lab) -> None:
    """The caller looks for the argument that it gave, not for a header."""
    with lab.rpc() as intake:
        intake.submit_project("mbr_rpc", PROJECT, idempotency_key="other body")
        other = {**PROJECT, "title": "Autre"}
        with pytest.raises(Invalid, match="idempotency_key: a déjà servi"):
            intake.submit_project("mbr_rpc", other, idempotency_key="other body")


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
