"""Links, sessions and keys: what proves who calls, and for how long."""

from typing import Any

import jwt
import pytest

from tests.integration.intake.lab import Lab

OPERATOR = ("mbr_operator", "operator")
CITY = ("mbr_city", "holder", "owner")
LINK = {"member_id": "mbr_city", "roles": ["holder", "owner"]}
MEMBER = {"member_id": "mbr_city", "name": "Ville", "kind": "local_authority"}
KEY = {"name": "Import du lundi", "roles": ["owner"]}


@pytest.fixture(scope="module", autouse=True)
def city(lab: Lab) -> None:
    """The member that these are for."""
    lab.done("POST", "/members", MEMBER, who=OPERATOR)


def status_and_answer(lab: Lab, path: str, text: str) -> tuple[int, Any]:
    """The status and the answer for who shows a credential."""
    response = lab.request("POST", lab.services[0].url + path, text)
    return response.status, response.json() if response.data else None


def signed_in(lab: Lab) -> str:
    """The text of a new session."""
    link = lab.done("POST", "/sign-in-links", LINK, who=OPERATOR)["text"]
    status, session = status_and_answer(lab, "/sessions", link)
    assert status == 201
    return str(session["text"])


def test_link_opens_one_session_whose_tokens_every_service_takes(lab: Lab) -> None:
    """The token names member and roles, and ends within a minute."""
    status, token_body = status_and_answer(lab, "/tokens", signed_in(lab))
    assert (status, token_body["member_id"], token_body["roles"]) == (
        201,
        "mbr_city",
        ["holder", "owner"],
    )
    claims = jwt.decode(token_body["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == token_body["lifetime_seconds"] == 60
    answer = lab.request("GET", lab.services[1].url + "/projects", token_body["token"])
    assert answer.status == 200


def test_link_works_once(lab: Lab) -> None:
    """Who shows it again is refused, and it is no token either."""
    link = lab.done("POST", "/sign-in-links", LINK, who=OPERATOR)["text"]
    assert [status_and_answer(lab, "/sessions", link)[0] for _ in range(2)] == [201, 401]
    assert status_and_answer(lab, "/tokens", link)[0] == 401


@pytest.mark.parametrize("spoilt", ["x", ".", "ses_1.secret", "{text}x", "{id}.", "{id}"])
def test_what_is_not_the_secret_proves_nothing(lab: Lab, spoilt: str) -> None:
    """One sentence for all, which does not tell whether the id exists."""
    text = signed_in(lab)
    wrong = spoilt.format(text=text, id=text.partition(".")[0])
    status, problem = status_and_answer(lab, "/tokens", wrong)
    assert (status, problem["detail"]) == (
        401,
        "ce lien, cette session ou cette clé ne vaut pas, ou plus",
    )


def test_who_signs_out_gets_no_more_tokens(lab: Lab) -> None:
    """Nor does it harm to sign out twice."""
    text = signed_in(lab)
    assert [status_and_answer(lab, "/sessions/end", text)[0] for _ in range(2)] == [204, 204]
    assert status_and_answer(lab, "/tokens", text)[0] == 401


def test_key_is_shown_once_and_works_until_it_is_revoked(lab: Lab) -> None:
    """Stored is its hash; its member sees when it was used last."""
    key = lab.done("POST", "/keys", KEY, who=CITY)
    [listed] = [
        entry for entry in lab.done("GET", "/keys", who=CITY)["items"] if entry["id"] == key["id"]
    ]
    assert "text" not in listed
    assert listed["used_at"] is None
    stored = next(
        document for document in lab.documents("credentials") if document["_id"] == key["id"]
    )
    assert key["text"].partition(".")[2] not in str(stored)
    assert status_and_answer(lab, "/tokens", key["text"])[1]["roles"] == ["owner"]
    ended = lab.done("POST", f"/keys/{key['id']}/revocation", who=CITY)
    assert ended["used_at"]
    assert ended["ended_at"]
    assert status_and_answer(lab, "/tokens", key["text"])[0] == 401


def test_key_has_no_role_that_its_maker_has_not(lab: Lab) -> None:
    """403, and no key is made."""
    problem = lab.refused(403, "POST", "/keys", {**KEY, "roles": ["operator"]}, who=CITY)
    assert "operator" in problem["detail"]


def test_keys_of_others_are_not_seen(lab: Lab) -> None:
    """Neither listed nor revoked by another member; an operator revokes any."""
    key = lab.done("POST", "/keys", KEY, who=CITY)
    other = ("mbr_stranger", "owner")
    assert lab.done("GET", "/keys", who=other)["items"] == []
    lab.refused(404, "POST", f"/keys/{key['id']}/revocation", who=other)
    assert lab.done("POST", f"/keys/{key['id']}/revocation", who=OPERATOR)["ended_at"]


def test_session_is_no_key(lab: Lab) -> None:
    """Its id is not one that `/keys` knows."""
    session = signed_in(lab).partition(".")[0]
    lab.refused(404, "POST", f"/keys/{session}/revocation", who=OPERATOR)


def test_only_operators_make_links(lab: Lab) -> None:
    """A reviewer does not: a link signs in as anybody."""
    lab.refused(403, "POST", "/sign-in-links", LINK, who=("mbr_reviewer", "reviewer"))
