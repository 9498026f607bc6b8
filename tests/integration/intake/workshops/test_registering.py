"""People register, with or without an account, and what becomes of their names and addresses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from services.intake.workshops.model import Workshop
from services.intake.workshops.watch import WorkshopWatch
from shared.aggregate import now
from tests.integration.intake.accounts.test_accounts import OPERATOR, exchanged, opened, vouched
from tests.integration.intake.lab import OWNER, REVIEWER, Lab
from tests.integration.intake.workshops.town import Town
from tests.servers import eventually

BODY = {"name": "Zénobie", "mail": "z@ville.example"}


def test_stranger_registers_sees_and_gives_up_by_a_secret(lab: Lab, town: Town) -> None:
    """The link is shown to who has a seat; the secret is kept as its hash, and nobody guesses."""
    workshop_id = town.announce()
    registration = town.register(workshop_id, " Une@Ville.example ")
    assert registration["state"] == "taken"
    registration_view = town.registration_of(registration["text"])
    assert (registration_view["link"], registration_view["workshop"]["id"]) == (
        "https://visio.example/salle",
        workshop_id,
    )
    assert [registrant["mail"] for registrant in town.registrants(workshop_id)] == [
        "une@ville.example"
    ]
    secret = registration["text"].partition(".")[2]
    assert secret not in str(lab.documents("workshops"))
    for text in (
        f"{registration['id']}.{secret[:-1]}",
        registration["id"],
        secret,
        f"reg_ghost.{secret}",
        ".",
    ):
        answer = town.call("GET", "/registrations/shown", Authorization=f"Bearer {text}")
        assert answer.status == 404
    for _ in range(2):
        assert town.end(registration["text"])["state"] == "given_up"
    assert town.registration_of(registration["text"])["link"] == ""
    assert town.registrants(workshop_id) == []
    assert "une@ville.example" not in str(lab.documents("workshops", _id=workshop_id))
    lab.wait_for("seat_given_up", registration_id=registration["id"])


def test_seats_are_exact_when_many_register_at_once(lab: Lab, town: Town) -> None:
    """Nobody has a seat too many, and the first who gives up is followed by the first who waits."""
    workshop_id = town.announce(seats=3, waiting_seats=4)
    path = f"/workshops/{workshop_id}/registrations"

    def register(number: int) -> int:
        return town.call("POST", path, {**BODY, "mail": f"p{number}@ville.example"}).status

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(register, range(10)))
    assert sorted(answers) == [201] * 7 + [409] * 3
    people = town.registrants(workshop_id)
    assert [person["state"] for person in people] == ["taken"] * 3 + ["waiting"] * 4
    with ThreadPoolExecutor(3) as pool:
        gone = [f"{path}/{person['id']}" for person in people[:3]]
        list(pool.map(lambda path: lab.call("DELETE", path, who=REVIEWER).status, gone))
    left = town.registrants(workshop_id)
    assert [registrant["id"] for registrant in left] == [person["id"] for person in people[3:]]
    assert [registrant["state"] for registrant in left] == ["taken"] * 3 + ["waiting"]
    eventually(lambda: len(lab.events("seat_taken", workshop_id=workshop_id, waited=True)) == 3)
    assert len(lab.events("seat_taken", workshop_id=workshop_id)) == 6


def test_stranger_learns_not_who_is_registered(lab: Lab, town: Town) -> None:
    """An address that is there answers as any other, now and later, and keeps its seat."""
    workshop_id = town.announce(seats=9)
    first, other, again = (
        town.register(workshop_id, mail)
        for mail in ("une@ville.example", "deux@ville.example", "une@ville.example")
    )
    assert set(other) == set(again)
    assert (other["state"], again["state"]) == ("taken", "taken")
    assert (
        town.registration_of(again["text"])["link"] == town.registration_of(other["text"])["link"]
    )
    assert town.end(again["text"])["state"] == "given_up"
    assert town.registration_of(first["text"])["state"] == "taken"
    assert len(town.registrants(workshop_id)) == 2
    assert lab.events("seat_given_up", registration_id=again["id"]) == []


def test_registration_that_is_sent_again_is_one(town: Town) -> None:
    """With the key of before, whichever answer was lost: both texts open it."""
    workshop_id = town.announce()
    first, again = (
        town.register(workshop_id, "une@ville.example", Idempotency_Key="form-1") for _ in range(2)
    )
    assert first["id"] == again["id"]
    assert town.end(again["text"])["state"] == "given_up"
    assert town.registration_of(first["text"])["state"] == "given_up"


def test_person_with_an_account_registers_and_gives_up_its_own(lab: Lab, town: Town) -> None:
    """Another person of the same member can neither see nor take it back."""
    account = opened(lab, "agente@ville.example", "holder")
    text = vouched(lab, "sub-w1", "agente@ville.example")[1]["text"]
    token = exchanged(lab, text)[1]["token"]
    workshop_id = town.announce(seats=1)
    url = f"{lab.services[0].url}/workshops/{workshop_id}"
    for _ in range(2):
        body = lab.request("POST", f"{url}/registrations", token, json=BODY).json()
    seen = lab.request("GET", url, token).json()
    assert [seat["id"] for seat in seen["own"]] == [body["id"]]
    assert (seen["link"], seen["seating"]) == ("https://visio.example/salle", None)
    colleague = (account["member_id"], "holder")
    path = f"/workshops/{workshop_id}/registrations"
    assert lab.done("GET", f"/workshops/{workshop_id}", who=colleague)["own"] == []
    lab.refused(404, "DELETE", f"{path}/{body['id']}", who=colleague)
    lab.refused(403, "GET", path, who=colleague)
    assert (
        lab.wait_for("seat_taken", registration_id=body["id"])["member_id"] == account["member_id"]
    )
    assert lab.request("DELETE", f"{url}/registrations/{body['id']}", token).status == 204
    assert lab.wait_for("seat_given_up", registration_id=body["id"])


def test_host_sees_who_registered_and_strangers_do_not(lab: Lab, town: Town) -> None:
    """Nor does any other member."""
    host = lab.member()
    workshop_id = town.announce(host_id=host)
    town.register(workshop_id, "une@ville.example")
    path = f"/workshops/{workshop_id}/registrations"
    listed = lab.done("GET", path, who=(host, "owner"))["items"]
    assert [registration["mail"] for registration in listed] == ["une@ville.example"]
    lab.refused(403, "GET", path, who=OWNER)
    assert town.call("GET", path).status == 401
    for where in ("/workshops", "/workshops.ics", f"/workshops/{workshop_id}"):
        assert b"une@ville" not in town.call("GET", where).data


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"mail": "pas une adresse"}, "mail"),
        ({"mail": "a@b.example\r\nBcc: c@d.example"}, "mail"),
        ({"mail": {"$gt": ""}}, "mail"),
        ({"member_id": "mbr_other"}, "member_id"),
        ({"state": "taken"}, "state"),
    ],
)
def test_registration_says_a_name_and_an_address(
    town: Town, wrong: dict[str, Any], field: str
) -> None:
    """And nothing else: whom one registers for is what the token says."""
    path = f"/workshops/{town.announce()}/registrations"
    answer = town.call("POST", path, {**BODY, **wrong})
    assert (answer.status, answer.json()["field"]) == (422, field)


def test_full_past_and_cancelled_workshops_take_nobody(lab: Lab, town: Town) -> None:
    """409, in French; an unknown one is 404."""
    full, past, off = town.announce(seats=1, waiting_seats=0), town.announce(), town.announce()
    town.register(full, "une@ville.example")
    town.pass_time(past)
    lab.done("POST", f"/workshops/{off}/cancellation", {"reason": "Grève."}, who=REVIEWER)
    details = []
    for workshop_id in (full, past, off):
        answer = town.call("POST", f"/workshops/{workshop_id}/registrations", BODY)
        assert answer.status == 409
        details.append(answer.json()["detail"])
    assert "complet" in details[0]
    assert town.call("POST", "/workshops/wsh_ghost/registrations", BODY).status == 404


def test_stranger_has_its_address_erased_after_the_workshop(lab: Lab, town: Town) -> None:
    """By the link of its letters, so that no more of them come; the staff erases nobody."""
    workshop_id = town.announce()
    registration = town.register(workshop_id, "une@ville.example")
    town.pass_time(workshop_id)
    path = f"/workshops/{workshop_id}/registrations/{registration['id']}"
    lab.refused(409, "DELETE", path, who=REVIEWER)
    assert [registrant["mail"] for registrant in town.registrants(workshop_id)] == [
        "une@ville.example"
    ]
    for _ in range(2):
        assert town.end(registration["text"])["state"] == "given_up"
    assert town.registrants(workshop_id) == []


def test_letters_go_to_who_registered_until_it_is_erased(lab: Lab, town: Town) -> None:
    """Programs of the lab ask by the id that events carry, and may make a link of their own."""
    workshop_id = town.announce()
    registration = town.register(workshop_id, "une@ville.example")
    with lab.rpc() as intake:
        whom = intake.get_registrant(registration["id"])
        assert (whom["name"], whom["mail"]) == ("Zénobie", "une@ville.example")
        assert whom["workshop"]["id"] == workshop_id
        assert "visio.example" in intake.get_invitation(registration["id"])
        text = intake.make_registration_link(registration["id"])
        assert town.registration_of(text)["id"] == town.registration_of(registration["text"])["id"]
        intake.give_up_seat(registration["id"])
        for ask in (intake.get_registrant, intake.make_registration_link, intake.give_up_seat):
            with pytest.raises(Exception, match="rien n'a ici"):
                ask("reg_ghost")
        with pytest.raises(Exception, match="rien n'a ici"):
            intake.get_registrant(registration["id"])


def test_who_is_taken_out_can_be_written_to_and_registers_anew(lab: Lab, town: Town) -> None:
    """The staff keeps the address for that letter, without the name; the list has it no more."""
    workshop_id = town.announce()
    registration = town.register(workshop_id, "une@ville.example")
    path = f"/workshops/{workshop_id}/registrations/{registration['id']}"
    assert lab.call("DELETE", path, who=REVIEWER).status == 204
    assert lab.wait_for("seat_given_up", registration_id=registration["id"])["by_staff"]
    assert (
        town.registration_of(registration["text"])["state"],
        town.registration_of(registration["text"])["by_staff"],
    ) == ("given_up", True)
    assert town.registrants(workshop_id) == []
    with lab.rpc() as intake:
        whom = intake.get_registrant(registration["id"])
    assert (whom["name"], whom["mail"]) == ("", "une@ville.example")
    town.register(workshop_id, "une@ville.example")
    assert len(town.registrants(workshop_id)) == 1


def test_reminder_is_recorded_once_by_two_processes(lab: Lab, town: Town) -> None:
    """However often both look, after a crash as well."""
    workshop_id = town.announce()
    registration = town.register(workshop_id, "une@ville.example")
    town.pass_time(workshop_id, remind_at=now() - timedelta(seconds=5))
    with lab.store() as store:
        watches = [WorkshopWatch("intake", store) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(WorkshopWatch.look, watches))
    eventually(lambda: len(lab.events("workshop_due", workshop_id=workshop_id)) == 2)
    events = lab.events("workshop_due", workshop_id=workshop_id)
    assert [event["registration_id"] for event in events] == [None, registration["id"]]


def test_names_are_erased_four_weeks_after_it(lab: Lab, town: Town) -> None:
    """The document has neither name nor address, and links open nothing any more."""
    workshop_id = town.announce()
    registration = town.register(workshop_id, "une@ville.example")
    town.pass_time(workshop_id, forget_at=now() - timedelta(seconds=5))
    with lab.store() as store:
        WorkshopWatch("intake", store).look()
        assert store.of(Workshop).get(workshop_id).registration_ids == []
    assert "une@ville.example" not in str(lab.documents("workshops", _id=workshop_id))
    answer = town.call(
        "GET", "/registrations/shown", Authorization=f"Bearer {registration['text']}"
    )
    assert answer.status == 404


def test_erased_account_and_member_leave_no_name_in_workshops(lab: Lab, town: Town) -> None:
    """Who waited gets the seat; what is kept of others is whole."""
    account = opened(lab, "partante@ville.example", "holder")
    text = vouched(lab, "sub-w2", "partante@ville.example")[1]["text"]
    token = exchanged(lab, text)[1]["token"]
    workshop_id = town.announce(seats=1)
    url = f"{lab.services[0].url}/workshops/{workshop_id}/registrations"
    member = lab.member()
    path = f"/workshops/{workshop_id}/registrations"
    lab.request("POST", url, token, json={"name": "Partante", "mail": "partante@ville.example"})
    lab.done("POST", path, {"name": "Autre", "mail": "autre@ville.example"}, who=(member, "owner"))
    town.register(workshop_id, "une@ville.example")
    assert lab.call("DELETE", f"/accounts/{account['id']}", who=OPERATOR).status == 204
    assert [registrant["name"] for registrant in town.registrants(workshop_id)] == [
        "Autre",
        "Zénobie",
    ]
    lab.done("POST", f"/members/{member}/departure", {}, who=OPERATOR)
    erasure = {"member_id": member, "reason": "Demande du 1er mars."}
    assert lab.call("POST", "/erasures", erasure, who=OPERATOR).status == 202
    eventually(lambda: len(town.registrants(workshop_id)) == 1, what="the member is erased")
    (left,) = town.registrants(workshop_id)
    assert (left["name"], left["state"]) == ("Zénobie", "taken")
    kept = str(lab.documents("workshops", _id=workshop_id))
    assert "partante" not in kept.lower()
    assert "autre@" not in kept


def test_no_event_has_a_name_or_an_address(lab: Lab, town: Town) -> None:
    """Of all that these tests had intake tell."""
    workshop_id = town.announce()
    town.register(workshop_id, "une@ville.example")
    lab.wait_for("seat_taken", workshop_id=workshop_id)
    envelopes = str(
        [envelope for envelope in lab.envelopes() if envelope["subject"].startswith("wsh_")]
    )
    assert "Zénobie" not in envelopes
    assert "@ville.example" not in envelopes
