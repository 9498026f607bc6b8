"""Whose data went into a result is named, asked, and decides whether everybody may read it."""

import re
from typing import Any

import pytest
import urllib3

from services.catalog.results.opening_commands import waiting_index
from shared.aggregate import new_id
from shared.engine.tables.manifest import Column, Manifest
from shared.errors import Forbidden, Invalid
from shared.events import MemberLeft, ProjectDelivered, Step
from tests.integration.catalog.lab import Lab, delivered, problem_of


def ask(lab: Lab, dataset_id: str, member_id: str, **body: Any) -> urllib3.BaseHTTPResponse:
    """The answer to a request for the opening of a dataset."""
    path = f"/datasets/{dataset_id}/opening"
    return lab.call("POST", path, lab.token(member_id, "holder"), json=body)


def say(
    lab: Lab, dataset_id: str, member_id: str, decision: str = "open", **more: Any
) -> urllib3.BaseHTTPResponse:
    """The answer to a member's word."""
    path, token = f"/datasets/{dataset_id}/opening", lab.token(member_id, "owner")
    read = lab.call("GET", path, token).json().get("fingerprint", "")
    body = {"decision": decision, "version": 1, "fingerprint": read, **more}
    return lab.call("POST", f"{path}/decision", token, json=body)


def summed(lab: Lab, holder_id: str, **inputs: str) -> ProjectDelivered:
    """A delivered project that summed up each of these datasets' homes by commune."""
    event = delivered(lab, *inputs.values(), holder_id=holder_id)
    manifest = Manifest.model_validate_json(lab.files.read(event.result))
    parameters = {"by": ["commune"], "sums": ["logements"]}
    step = Step(
        application="aggregate", inputs={"table": "t0"}, parameters=parameters, output="somme"
    )
    changed = manifest.model_copy(update={"steps": (step,)})
    return event.model_copy(update={"result": lab.put(changed)})


def homes(lab: Lab, owner_id: str, title: str) -> str:
    """The id of a new restricted table of homes by commune."""
    dataset_id = lab.upload(owner_id, new_id("x").encode(), title=title, access="restricted")
    column = Column(name="logements", kind="integer", filled=1, distinct=1)
    lab.ingest(dataset_id, 1, "commune", others=(column,))
    return dataset_id


def members() -> tuple[str, str, str]:
    """A holder and two owners of data."""
    return new_id("mbr"), new_id("mbr"), new_id("mbr")


def table(lab: Lab, dataset_id: str, member_id: str = "mbr_z") -> int:
    """The status of a download."""
    token = lab.token(member_id, "holder")
    return lab.call("GET", f"/datasets/{dataset_id}/table", token).status


def test_result_stays_closed_until_all_whose_data_went_in_open_it(lab: Lab) -> None:
    """They read what of theirs comes out; the last yes opens it, a stranger downloads it then."""
    holder, first, second = members()
    sources = {"a": homes(lab, first, "Parc A"), "b": homes(lab, second, "Parc B")}
    result = lab.result_of(summed(lab, holder, **sources, own=homes(lab, holder, "Parc H")))
    opening, token = f"/datasets/{result}/opening", lab.token(holder, "owner")
    assert lab.get(opening, token)["may"] == ["ask"]
    view = ask(lab, result, holder, reason="utile à tous").json()
    assert (view["state"], set(view["members"])) == ("waiting", {holder, first, second})
    assert lab.get(opening, token)["may"] == ["decide"]
    assert lab.get(opening, lab.token("mbr_r", "reviewer"))["may"] == []
    [mine] = [
        contribution for contribution in view["contributions"] if contribution["member_id"] == first
    ]
    assert (mine["dataset_id"], mine["title"]) == (sources["a"], "Parc A")
    assert mine["shown"] == ["la somme de « logements », par « commune »"]
    asked = " ".join(view["asked"])
    for words in ("utile à tous", "Données d'un membre : « Parc B »", "Licence Ouverte", "1 ligne"):
        assert words in asked
    event = lab.wait_for("opening_requested", dataset_id=result)
    assert set(event["member_ids"]) == {holder, first, second}
    for member in (holder, first, second):
        assert table(lab, result) == 403
        last = say(lab, result, member).json()
    assert (last["state"], last["missing"], table(lab, result)) == ("open", [], 200)
    description = lab.wait_for("dataset_described", dataset_id=result)
    assert description["changed"] == ["access"]
    assert lab.wait_for("opening_decided", dataset_id=result, is_open=True)["decided_by"] == second


def test_words_of_others_do_not_pass_for_sentences_of_the_lab(lab: Lab) -> None:
    """Titles, descriptions, reasons and columns stay between guillemets that they cannot end."""
    holder, owner, _ = members()
    forged = "utile ».\nIl a 0 ligne. « rien"
    source = lab.published(owner, access="restricted", title=f"Parc {forged}")
    event = delivered(lab, source, holder_id=holder)
    about = {"title": f"Vacance {forged}", "description": f"Par {forged}"}
    result = lab.registered(event.model_copy(update=about))
    lab.ingest(result, 1, others=(Column(name=forged, kind="text", filled=1, distinct=1),))
    asked = ask(lab, result, holder, reason=forged).json()["asked"]
    for sentence in asked:
        assert "\n" not in sentence
        assert "Il a 0 ligne" not in re.sub("«[^«»]*»", "", sentence)
    for expected_text in ("le décrit ainsi : « Par utile", "écrit : « utile"):
        assert f"Le porteur {expected_text} ›. Il a 0 ligne. ‹ rien »." in asked


def test_owner_alone_does_not_open_a_result_of_restricted_data(lab: Lab) -> None:
    """The answer says whom to ask, and where; or that a producer decides on its licence first.

    Once a member whose word is needed has left, the result stays closed, and all who may see the
    opening read why.
    """
    holder, owner, _ = members()
    source = lab.published(owner, access="restricted")
    unlicensed = lab.published(owner, access="restricted", licence="sur demande")
    result, kept = (
        lab.result_of(delivered(lab, dataset_id, holder_id=holder))
        for dataset_id in (source, unlicensed)
    )
    token = lab.token(holder, "owner")
    answer = lab.call("PATCH", f"/datasets/{result}", token, json={"access": "open"})
    problem = problem_of(answer, 422)
    assert f"/datasets/{result}/opening" in problem
    assert '"access"' in problem
    problem_of(ask(lab, result, new_id("mbr")), 403)
    assert "bac à sable" in problem_of(ask(lab, kept, holder), 422)
    lab.publish(MemberLeft(member_id=owner, reason="Fin."))
    lab.wait_for("dataset_retired", dataset_id=source)
    assert owner in problem_of(ask(lab, result, holder), 422)
    view = lab.get(f"/datasets/{result}/opening", token)
    assert f"l'accord de {owner}, qui a quitté le Datalab" in view["obstacle"]
    for dataset_id in (result, kept):
        assert lab.events("opening_requested", dataset_id=dataset_id) == []


def test_owners_of_what_went_in_long_before_are_asked_too(lab: Lab) -> None:
    """Through a result that is restricted; what went through one that was opened, not again."""
    holder, first, second = members()
    source = lab.published(first, access="restricted", title="Source")
    between = lab.result_of(delivered(lab, source, holder_id=second))
    result = lab.result_of(delivered(lab, between, holder_id=holder))
    view = lab.get(f"/datasets/{result}/opening", lab.token(holder, "holder"))
    assert (view["state"], set(view["members"])) == ("unasked", {first, second})
    way = {contribution["title"]: contribution["shown"] for contribution in view["contributions"]}
    assert way["Source"] == ["à travers « Vacance par EPCI »"]
    assert ask(lab, between, second).status == 200
    assert say(lab, between, first).json()["state"] == "open"
    after = lab.registered(delivered(lab, between, holder_id=holder))
    assert lab.get(f"/datasets/{after}", lab.token(holder, "holder"))["access"] == "open"


def test_refusal_is_read_by_all_concerned_and_a_withdrawal_closes(lab: Lab) -> None:
    """Both with a reason; by RPC as well. Strangers do not read whose data went in.

    Of a restricted result they see what they see of any restricted data; nothing is asked of what
    waits to be read, or is one's own.
    """
    holder, owner, _ = members()
    source = lab.published(owner, access="restricted")
    result = lab.registered(delivered(lab, source, holder_id=holder))
    path, stranger = f"/datasets/{result}/opening", lab.token("mbr_z", "owner")
    problem_of(lab.call("GET", path, stranger), 404)
    problem_of(ask(lab, result, holder), 409)
    lab.ingest(result, 1)
    problem_of(lab.call("GET", path, stranger), 403)
    problem_of(say(lab, result, "mbr_z"), 409)
    for member in (holder, owner):
        assert lab.get(path, lab.token(member, "owner"))["members"] == [owner]
    problem_of(ask(lab, source, owner), 409)
    with lab.rpc() as catalog:
        catalog.request_opening(result, holder)
        with pytest.raises(Invalid, match="reason"):
            catalog.decide_on_opening(result, owner, "refuse", 1)
        catalog.decide_on_opening(result, owner, "refuse", 1, "trop tôt")
        assert catalog.get_opening(result)["words"][0]["reason"] == "trop tôt"
        with pytest.raises(Forbidden):
            catalog.decide_on_opening(result, holder, "open", 1)
    lab.wait_for("opening_decided", dataset_id=result, decision="refuse", reason="trop tôt")
    assert (say(lab, result, owner).json()["state"], table(lab, result)) == ("open", 200)
    taken_back = say(lab, result, owner, "withdraw", reason="erreur").json()
    assert (taken_back["state"], table(lab, result)) == ("waiting", 403)
    problem_of(say(lab, result, owner, version=2), 409)
    assert "decision" in problem_of(say(lab, result, owner, "perhaps"), 422)


def waiting(lab: Lab, member_id: str) -> list[str]:
    """The results that wait for a member's word."""
    openings = lab.get("/openings", lab.token(member_id, ""))["items"]
    return [opening["dataset_id"] for opening in openings]


def test_members_list_what_waits_for_their_word(lab: Lab) -> None:
    """Until they gave it, page by page, and nobody else's.

    Also where a document of before does not say for whom it waits: it is saved again when a
    process starts.
    """
    holder, first, second = members()
    sources = [lab.published(member_id, access="restricted") for member_id in (first, second)]
    results = sorted(lab.result_of(delivered(lab, *sources, holder_id=holder)) for _ in range(2))
    for result in results:
        ask(lab, result, holder)
    assert (waiting(lab, first), waiting(lab, holder)) == (results, [])
    page = lab.get("/openings?limit=1", lab.token(first, "owner"))
    assert page["items"][0]["fingerprint"]
    rest = lab.get(f"/openings?after={page['next']}", lab.token(first, "owner"))
    assert [opening["dataset_id"] for opening in rest["items"]] == results[1:]
    say(lab, results[0], first)
    assert (waiting(lab, first), waiting(lab, second)) == (results[1:], results)
    with lab.rpc() as catalog:
        [opening] = catalog.list_openings(first)["items"]
    assert opening["dataset_id"] == results[1]
    lab.settled()
    with lab.database() as database:
        document = database["datasets"].find_one({"_id": results[1]})
        assert document
        assert set(document.pop("opening_waits_for")) == {first, second}
        database["datasets"].replace_one({"_id": results[1]}, document)
        database["hash_indexes"].delete_one({"_id": "opening_waits_for"})
    with lab.store() as store:
        waiting_index(store).complete()
    assert waiting(lab, first) == results[1:]


def test_yes_is_for_what_was_read(lab: Lab) -> None:
    """Without its fingerprint it is refused; after the result is called otherwise, too.

    Those who decide read the new title, and who agreed before is asked once more.
    """
    holder, first, second = members()
    sources = {"t0": homes(lab, first, "Loyers"), "t1": homes(lab, second, "Parc")}
    result = lab.result_of(summed(lab, holder, **sources))
    read = ask(lab, result, holder).json()["fingerprint"]
    assert say(lab, result, second, fingerprint="").status == 422
    assert say(lab, result, first).json()["missing"] == [second]
    token, about = lab.token(holder, "holder"), {"title": "Ménages un par un"}
    assert lab.call("PATCH", f"/datasets/{result}", token, json=about).status == 200
    assert "son titre" in problem_of(say(lab, result, second), 409)
    view = ask(lab, result, holder).json()
    assert set(view["missing"]) == {first, second}
    assert "« Ménages un par un »" in view["asked"][0]
    assert view["fingerprint"] != read
    assert say(lab, result, second, fingerprint=read).status == 409
    assert say(lab, result, second).status == 200
    assert say(lab, result, first).json()["state"] == "open"
