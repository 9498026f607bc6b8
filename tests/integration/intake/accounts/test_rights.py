"""What somebody made with a right that is gone grants nothing any more."""

from datetime import timedelta
from typing import Any

from services.intake.accounts.model import Credential
from shared.aggregate import now
from tests.integration.intake.accounts.test_accounts import OPERATOR, exchanged, opened, vouched
from tests.integration.intake.lab import Lab


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


def test_operator_signs_in_nobody_who_is_not_there(lab: Lab) -> None:
    """Whatever the roles; itself it may, as a member of its own."""
    account, session = person(lab, "ghosts", "operator")
    bearer = token(lab, session)
    for roles in (["owner"], ["reviewer"], ["operator"]):
        body = {"member_id": "ghost", "roles": roles}
        status, problem = posted(lab, "/sign-in-links", bearer, body)
        assert (status, problem["field"]) == (422, "member_id")
    created_record(
        lab, "/sign-in-links", bearer, member_id=account["member_id"], roles=["operator"]
    )
    ghost = ("mbr_ghost", "owner")
    lab.refused(422, "POST", "/keys", {"name": "Import", "roles": ["owner"]}, who=ghost)


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
