"""Persons who act for members: what they may do comes from their account, now."""

from typing import Any

import jwt
import pytest

from shared.errors import Invalid, NotFound
from tests.integration.intake.lab import SIGN_IN_KEY, Lab

OPERATOR = ("mbr_operator", "operator")
ISSUER = "https://connexion.example"


def opened(lab: Lab, mail: str, *roles: str) -> Any:
    """A new account of a new member."""
    body = {"member_id": lab.member(), "name": "Une agente", "mail": mail}
    return lab.done("POST", "/accounts", {**body, "roles": roles}, who=OPERATOR)


def vouched(
    lab: Lab, subject: str, mail: str | None = None, *, key: str = SIGN_IN_KEY
) -> tuple[int, Any]:
    """What intake answers to a portal that tells whom a provider vouched for."""
    body = {"issuer": ISSUER, "subject": subject, "mail": mail}
    response = lab.request("POST", f"{lab.services[0].url}/sessions/by-identity", key, json=body)
    return response.status, response.json()


def exchanged(lab: Lab, text: str) -> tuple[int, Any]:
    """What intake answers to who shows a session or key."""
    response = lab.request("POST", f"{lab.services[1].url}/tokens", text)
    return response.status, response.json()


def test_person_signs_in_by_address_once_and_by_subject_from_then_on(lab: Lab) -> None:
    """The token names member and account; who gets the address later does not get the account."""
    account = opened(lab, " Une.Agente@ville.example ", "holder", "owner")
    assert (account["mail"], account["signed_in_at"]) == ("une.agente@ville.example", None)
    status, session = vouched(lab, "sub-1", "UNE.AGENTE@ville.example")
    assert (status, session["member_id"]) == (201, account["member_id"])
    _, token_body = exchanged(lab, session["text"])
    claims = jwt.decode(token_body["token"], options={"verify_signature": False})
    assert (claims["account"], claims["roles"]) == (account["id"], ["holder", "owner"])
    assert vouched(lab, "sub-1", "autre@ville.example")[0] == 201
    assert vouched(lab, "sub-1")[0] == 201
    status, problem = vouched(lab, "sub-2", "une.agente@ville.example")
    assert (status, problem["detail"]) == (
        401,
        "aucun compte du Datalab n'est ouvert pour cette personne",
    )
    listed = lab.done("GET", f"/accounts?member_id={account['member_id']}", who=OPERATOR)
    assert [account["signed_in_at"] is None for account in listed["items"]] == [False]


def test_nobody_without_an_account_or_the_portals_key_signs_in(lab: Lab) -> None:
    """Nor with an address that no provider verified."""
    opened(lab, "verifiee@ville.example", "holder")
    assert vouched(lab, "sub-3", "inconnue@ville.example")[0] == 401
    assert vouched(lab, "sub-3")[0] == 401
    for key in ("x" * 32, SIGN_IN_KEY[:-1], lab.token("mbr_operator", "operator")):
        assert vouched(lab, "sub-3", "verifiee@ville.example", key=key)[0] == 401


def test_change_of_roles_ends_sessions_and_keys(lab: Lab) -> None:
    """Nor does a token from before make a key with what its account may not do any more."""
    account = opened(lab, "change@ville.example", "holder", "owner")
    text = vouched(lab, "sub-4", "change@ville.example")[1]["text"]
    token = exchanged(lab, text)[1]["token"]
    keys = f"{lab.services[0].url}/keys"
    body = {"name": "Import", "roles": ["owner"]}
    key = lab.request("POST", keys, token, json=body).json()["text"]
    assert exchanged(lab, key)[0] == 201
    path = f"/accounts/{account['id']}"
    changed = lab.done("PATCH", path, {"roles": ["holder"]}, who=OPERATOR)
    assert changed["roles"] == ["holder"]
    assert [exchanged(lab, credential)[0] for credential in (text, key)] == [401, 401]
    assert lab.request("POST", keys, token, json=body).status == 403
    _, again = vouched(lab, "sub-4")
    assert exchanged(lab, again["text"])[1]["roles"] == ["holder"]


def test_person_erases_its_own_account_and_nobody_elses(lab: Lab) -> None:
    """Nothing of the person is left; an operator may do it for anybody."""
    mine, other = (
        opened(lab, "moi@ville.example", "owner"),
        opened(lab, "elle@ville.example", "owner"),
    )
    text = vouched(lab, "sub-5", "moi@ville.example")[1]["text"]
    token = exchanged(lab, text)[1]["token"]
    accounts = f"{lab.services[0].url}/accounts"
    assert lab.request("GET", f"{accounts}/{mine['id']}", token).json()["name"] == "Une agente"
    for method in ("GET", "DELETE"):
        assert lab.request(method, f"{accounts}/{other['id']}", token).status == 404
    assert lab.request("DELETE", f"{accounts}/{mine['id']}", token).status == 204
    assert exchanged(lab, text)[0] == 401
    assert vouched(lab, "sub-5", "moi@ville.example")[0] == 401
    assert lab.call("DELETE", f"/accounts/{other['id']}", who=OPERATOR).status == 204
    kept = str(lab.documents("accounts")) + str(lab.documents("credentials"))
    assert "moi@ville.example" not in kept
    assert "elle@ville.example" not in kept
    assert "sub-5" not in kept


def test_recipient_is_a_person_of_a_member_that_is_there(lab: Lab) -> None:
    """Its roles are those of now; erased, or of a member that left, it is nobody."""
    account = opened(lab, "courrier@ville.example", "owner")
    with lab.rpc() as intake:
        lab.done("PATCH", f"/accounts/{account['id']}", {"roles": ["holder"]}, who=OPERATOR)
        assert intake.get_recipient(account["id"]) == {
            "name": "Une agente",
            "mail": "courrier@ville.example",
            "member_id": account["member_id"],
            "roles": ["holder"],
        }
        lab.done("POST", f"/members/{account['member_id']}/departure", {}, who=OPERATOR)
        for nobody in (account["id"], "acc_none"):
            with pytest.raises(NotFound):
                intake.get_recipient(nobody)
        with pytest.raises(Invalid, match="recipient_id"):
            intake.get_recipient({"$gt": ""})


def test_account_is_somebodys_of_a_member_and_of_one_address(lab: Lab) -> None:
    """What is wrong is told at its field; others than operators open none."""
    account = opened(lab, "une@ville.example", "owner")
    body = {name: account[name] for name in ("member_id", "name", "mail", "roles")}
    for change, field in (
        ({}, "mail"),
        ({"mail": "pas une adresse"}, "mail"),
        ({"mail": "b@ville.example", "member_id": "mbr_ghost"}, "member_id"),
        ({"mail": "b@ville.example", "roles": []}, "roles"),
        ({"mail": "b@ville.example", "roles": ["king"]}, "roles.0"),
    ):
        assert (
            lab.refused(422, "POST", "/accounts", {**body, **change}, who=OPERATOR)["field"]
            == field
        )
    for method, path, sent in (
        ("POST", "/accounts", body),
        ("GET", "/accounts", None),
        ("PATCH", f"/accounts/{account['id']}", {"roles": ["operator"]}),
    ):
        lab.refused(403, method, path, sent, who=("mbr_x", "owner", "holder", "reviewer"))


def test_link_is_for_a_member_that_there_is(lab: Lab) -> None:
    """The lab's own staff need not be one."""
    ghost = {"member_id": "ghost", "roles": ["owner"]}
    problem = lab.refused(422, "POST", "/sign-in-links", ghost, who=OPERATOR)
    assert problem["field"] == "member_id"
    staff = {"member_id": "ghost", "roles": ["reviewer"]}
    assert lab.call("POST", "/sign-in-links", staff, who=OPERATOR).status == 201


def test_link_is_not_for_who_left(lab: Lab) -> None:
    """Whatever the roles are."""
    member = lab.member()
    lab.done("POST", f"/members/{member}/departure", {}, who=OPERATOR)
    for role in ("owner", "reviewer"):
        body = {"member_id": member, "roles": [role]}
        problem = lab.refused(422, "POST", "/sign-in-links", body, who=OPERATOR)
        assert "a quitté le Datalab" in problem["detail"]


def test_member_may_have_an_id_of_its_own(lab: Lab) -> None:
    """Registered once, however often it is sent; another does not get it."""
    body = {"name": "Agence", "kind": "association", "member_id": "agence"}
    members = [lab.done("POST", "/members", body, who=OPERATOR) for _ in range(2)]
    assert [member["id"] for member in members] == ["agence", "agence"]
    other = {**body, "name": "Autre"}
    assert lab.refused(422, "POST", "/members", other, who=OPERATOR)["field"] == "member_id"
