"""Persons and programs that act for members: what they may do comes from their account, now."""

from datetime import timedelta
from typing import Any

import jwt
import pytest

from services.intake.accounts.model import Credential
from shared.aggregate import now
from shared.errors import Invalid, NotFound
from tests.integration.intake.lab import SIGN_IN_KEY, Lab

OPERATOR = ("mbr_operator", "operator")
ISSUER = "https://connexion.example"
CITY = ("mbr_city", "holder", "owner")
LINK = {"member_id": "mbr_city", "roles": ["holder", "owner"]}
MEMBER = {"member_id": "mbr_city", "name": "Ville", "kind": "local_authority"}
KEY = {"name": "Import du lundi", "roles": ["owner"]}


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


def posted(lab: Lab, path: str, bearer: str, body: object = None) -> tuple[int, Any]:
    """What intake answers to who bears a token, or shows a secret."""
    answer = lab.request("POST", lab.services[0].url + path, bearer, json=body)
    return answer.status, answer.json()


def created_record(lab: Lab, path: str, bearer: str, **body: object) -> dict[str, Any]:
    """What a body made."""
    status, answer = posted(lab, path, bearer, body or None)
    assert status == 201, answer
    return dict(answer)


def token(lab: Lab, text: str) -> str:
    """The token that a session or key is exchanged for."""
    return str(created_record(lab, "/tokens", text)["token"])


def opens(lab: Lab, *texts: str) -> list[bool]:
    """Which of these sessions and keys open anything."""
    return [exchanged(lab, text)[0] == 201 for text in texts]


def person(lab: Lab, name: str, *roles: str) -> tuple[dict[str, Any], str]:
    """A new account of a new member, and the session of its person."""
    account = opened(lab, f"{name}@ville.example", *roles)
    return account, vouched(lab, name, f"{name}@ville.example")[1]["text"]


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


def test_link_is_for_a_member_that_is_there(lab: Lab) -> None:
    """Nobody who left; tokens of the lab's own staff need not be of one, persons are."""
    left = lab.member()
    lab.done("POST", f"/members/{left}/departure", {}, who=OPERATOR)
    for role in ("owner", "reviewer"):
        body = {"member_id": left, "roles": [role]}
        problem = lab.refused(422, "POST", "/sign-in-links", body, who=OPERATOR)
        assert "a quitté le Datalab" in problem["detail"]
    ghost = {"member_id": "ghost", "roles": ["owner"]}
    assert lab.refused(422, "POST", "/sign-in-links", ghost, who=OPERATOR)["field"] == "member_id"
    staff = {"member_id": "ghost", "roles": ["reviewer"]}
    assert lab.call("POST", "/sign-in-links", staff, who=OPERATOR).status == 201
    lab.refused(403, "POST", "/sign-in-links", LINK, who=("mbr_reviewer", "reviewer"))
    account, session = person(lab, "ghosts", "operator")
    bearer = token(lab, session)
    for roles in (["owner"], ["reviewer"], ["operator"]):
        body = {"member_id": "ghost", "roles": roles}
        status, problem = posted(lab, "/sign-in-links", bearer, body)
        assert (status, problem["field"]) == (422, "member_id")
    own = {"member_id": account["member_id"], "roles": ["operator"]}
    created_record(lab, "/sign-in-links", bearer, **own)
    ghost_key = {"name": "Import", "roles": ["owner"]}
    lab.refused(422, "POST", "/keys", ghost_key, who=("mbr_ghost", "owner"))


def test_member_may_have_an_id_of_its_own(lab: Lab) -> None:
    """Registered once, however often it is sent; another does not get it."""
    body = {"name": "Agence", "kind": "association", "member_id": "agence"}
    members = [lab.done("POST", "/members", body, who=OPERATOR) for _ in range(2)]
    assert [member["id"] for member in members] == ["agence", "agence"]
    other = {**body, "name": "Autre"}
    assert lab.refused(422, "POST", "/members", other, who=OPERATOR)["field"] == "member_id"


@pytest.fixture(scope="module", autouse=True)
def city(lab: Lab) -> None:
    """The member that these are for."""
    lab.done("POST", "/members", MEMBER, who=OPERATOR)


def signed_in(lab: Lab) -> str:
    """The text of a new session."""
    link = lab.done("POST", "/sign-in-links", LINK, who=OPERATOR)["text"]
    return str(created_record(lab, "/sessions", link)["text"])


def test_link_opens_one_session_whose_tokens_every_service_takes(lab: Lab) -> None:
    """The token names member and roles, and ends within a minute; the link is no token itself."""
    link = lab.done("POST", "/sign-in-links", LINK, who=OPERATOR)["text"]
    session = created_record(lab, "/sessions", link)["text"]
    assert [posted(lab, path, link)[0] for path in ("/sessions", "/tokens")] == [401, 401]
    status, token_body = posted(lab, "/tokens", session)
    assert (status, token_body["member_id"], token_body["roles"]) == (
        201,
        "mbr_city",
        ["holder", "owner"],
    )
    claims = jwt.decode(token_body["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == token_body["lifetime_seconds"] == 60
    answer = lab.request("GET", lab.services[1].url + "/projects", token_body["token"])
    assert answer.status == 200


def test_what_is_not_the_secret_proves_nothing_nor_does_a_session_that_ended(lab: Lab) -> None:
    """One sentence for all, which does not tell whether the id exists; one may sign out twice."""
    text = signed_in(lab)
    session = text.partition(".")[0]
    refusal = "ce lien, cette session ou cette clé ne vaut pas, ou plus"
    for wrong in ("x", ".", "ses_1.secret", f"{text}x", f"{session}.", session):
        status, problem = posted(lab, "/tokens", wrong)
        assert (status, problem["detail"]) == (401, refusal)
    url = f"{lab.services[0].url}/sessions/end"
    assert [lab.request("POST", url, text).status for _ in range(2)] == [204, 204]
    assert opens(lab, text) == [False]


def test_key_is_shown_once_and_works_until_it_is_revoked(lab: Lab) -> None:
    """Stored is its hash; its member sees when it was used last, others do not see it.

    It has no role that its maker has not, and a session is none.
    """
    problem = lab.refused(403, "POST", "/keys", {**KEY, "roles": ["operator"]}, who=CITY)
    assert "operator" in problem["detail"]
    key = lab.done("POST", "/keys", KEY, who=CITY)
    [listed] = [
        entry for entry in lab.done("GET", "/keys", who=CITY)["items"] if entry["id"] == key["id"]
    ]
    assert "text" not in listed
    assert listed["used_at"] is None
    stored = lab.documents("credentials", _id=key["id"])
    assert key["text"].partition(".")[2] not in str(stored)
    assert posted(lab, "/tokens", key["text"])[1]["roles"] == ["owner"]
    other = ("mbr_stranger", "owner")
    assert lab.done("GET", "/keys", who=other)["items"] == []
    lab.refused(404, "POST", f"/keys/{key['id']}/revocation", who=other)
    session = signed_in(lab).partition(".")[0]
    lab.refused(404, "POST", f"/keys/{session}/revocation", who=OPERATOR)
    ended = lab.done("POST", f"/keys/{key['id']}/revocation", who=CITY)
    assert ended["used_at"]
    assert ended["ended_at"]
    assert opens(lab, key["text"]) == [False]


def all_keys(lab: Lab) -> list[dict[str, Any]]:
    """Everybody's keys, as operators list them."""
    keys, cursor = [], ""
    while cursor is not None:
        page = lab.done("GET", f"/keys?whose=all&limit=2{cursor}", who=OPERATOR)
        keys += page["items"]
        cursor = page["next"] and f"&after={page['next']}"
    return keys


def change(lab: Lab, account: dict[str, Any], *roles: str) -> None:
    """Change what a person may do."""
    lab.done("PATCH", f"/accounts/{account['id']}", {"roles": roles}, who=OPERATOR)


def test_what_an_operator_made_ends_with_its_role(lab: Lab) -> None:
    """Links, the sessions that they opened, and the keys that were made in these."""
    account, session = person(lab, "demoted", "operator")
    bearer, member = token(lab, session), lab.member()
    links = [
        created_record(lab, "/sign-in-links", bearer, member_id=member, roles=["owner"])["text"]
        for _ in range(2)
    ]
    let_in = created_record(lab, "/sessions", links[0])["text"]
    key = created_record(lab, "/keys", token(lab, let_in), name="Import", roles=["owner"])
    assert key["maker_id"] == account["id"]
    assert opens(lab, let_in, key["text"]) == [True, True]
    change(lab, account, "reviewer")
    assert opens(lab, let_in, key["text"]) == [False, False]
    assert posted(lab, "/sessions", links[1])[0] == 401


def test_demoted_operator_grants_nothing_with_the_token_of_before(lab: Lab) -> None:
    """Nor makes itself one again: the account is asked, not the token."""
    account, session = person(lab, "minute", "operator")
    bearer, member = token(lab, session), lab.member()
    change(lab, account, "reviewer")
    about = {"member_id": member, "roles": ["operator"]}
    for path, body in (
        ("/sign-in-links", about),
        ("/accounts", {**about, "name": "Une agente", "mail": "amie@ville.example"}),
        ("/keys", {"name": "Import", "roles": ["operator"]}),
    ):
        assert posted(lab, path, bearer, body)[0] == 403, path
    url = f"{lab.services[0].url}/accounts/{account['id']}"
    assert lab.request("PATCH", url, bearer, json={"roles": ["operator"]}).status == 403


def test_key_ends_with_the_key_that_made_it(lab: Lab) -> None:
    """However many stand between; and no endless chain of them is made."""
    body = {"name": "Import", "roles": ["holder"]}
    _, session = person(lab, "chain", "holder")
    first = created_record(lab, "/keys", token(lab, session), **body)
    keys = [first]
    while (answer := posted(lab, "/keys", token(lab, keys[-1]["text"]), body))[0] == 201:
        keys.append(answer[1])
    assert (answer[0], len(keys) > 2) == (403, True)
    assert [key["maker_id"] for key in keys[1:]] == [key["id"] for key in keys[:-1]]
    status, _ = posted(lab, f"/keys/{first['id']}/revocation", token(lab, session))
    assert status == 200
    assert not any(opens(lab, *(key["text"] for key in keys)))


def test_key_outlives_the_session_that_it_was_made_in(lab: Lab) -> None:
    """One signs out in the evening; programs go on."""
    _, session = person(lab, "evening", "holder")
    key = created_record(lab, "/keys", token(lab, session), name="Import", roles=["holder"])
    assert lab.request("POST", f"{lab.services[0].url}/sessions/end", session).status == 204
    assert opens(lab, session, key["text"]) == [False, True]


def test_operators_see_and_revoke_every_key(lab: Lab) -> None:
    """By maker, member, roles, last use and end; others see their own member's."""
    account, session = person(lab, "listed", "holder")
    key = created_record(lab, "/keys", token(lab, session), name="Import", roles=["holder"])
    [listed] = [entry for entry in all_keys(lab) if entry["id"] == key["id"]]
    about = {"maker_id": account["id"], "member_id": account["member_id"], "roles": ["holder"]}
    assert {name: listed[name] for name in about} == about
    assert listed["ends_at"] > listed["made_at"]
    assert listed["used_at"] is None
    lab.refused(403, "GET", "/keys?whose=all", who=("mbr_x", "owner", "reviewer"))
    lab.done("POST", f"/keys/{key['id']}/revocation", who=OPERATOR)
    assert opens(lab, key["text"]) == [False]


def test_nothing_lasts_ten_years(lab: Lab) -> None:
    """Neither a key that is asked for, nor one from before there was a limit."""
    _, session = person(lab, "decade", "holder")
    body = {"name": "Import", "roles": ["holder"], "days": 3650}
    status, problem = posted(lab, "/keys", token(lab, session), body)
    assert (status, problem["field"]) == (422, "days")
    old = created_record(lab, "/keys", token(lab, session), name="Import", roles=["holder"])
    began = now() - timedelta(days=400)
    with lab.store() as store:
        key = store.of(Credential).get(old["id"])
        document = {"made_at": began, "ends_at": began + timedelta(days=3650)}
        store.of(Credential).save(key.model_copy(update=document))
    assert opens(lab, old["text"]) == [False]
