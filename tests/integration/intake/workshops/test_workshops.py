"""Workshops: the staff announces and closes them, people register; what becomes of their names."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from services.intake.workshops.model import Workshop
from services.intake.workshops.watch import WorkshopWatch
from shared.aggregate import now
from tests.integration.intake.accounts.test_accounts import OPERATOR, exchanged, opened, vouched
from tests.integration.intake.lab import HOLDER, OWNER, REVIEWER, Lab
from tests.integration.intake.workshops.town import Town, plan
from tests.servers import eventually

BODY = {"name": "Zénobie", "mail": "z@ville.example"}


def test_workshop_is_announced_read_and_listed(lab: Lab, town: Town) -> None:
    """What the staff alone sees is nobody else's; time is to the second, in UTC."""
    host, project = lab.member(name="Le Dôme"), lab.submit()
    sent = plan(host_id=host, project_ids=[project, project])
    workshop = lab.done("POST", "/workshops", sent, who=REVIEWER)
    assert datetime.fromisoformat(workshop["starts_at"]) == datetime.fromisoformat(
        sent["starts_at"]
    )
    assert (workshop["host"], workshop["project_ids"]) == ("Le Dôme", [project])
    assert workshop["seating"] == {"taken": 0, "waiting": 0, "waiting_seats": 2}
    assert workshop["may"] == ["cancel", "change", "take_out"]
    workshop_view = town.done("GET", f"/workshops/{workshop['id']}")
    assert workshop_view["may"] == []
    assert (workshop_view["link"], workshop_view["project_ids"], workshop_view["seating"]) == (
        "",
        [],
        None,
    )
    assert (workshop_view["is_open"], workshop_view["is_full"], workshop_view["is_coming"]) == (
        True,
        False,
        True,
    )
    assert workshop["id"] in {
        workshop["id"] for workshop in town.done("GET", "/workshops?when=coming")["items"]
    }
    assert town.done("GET", "/workshops?theme=rien")["items"] == []
    event = lab.wait_for("workshop_announced", workshop_id=workshop["id"])
    assert (event["project_ids"], event["member_ids"]) == ([project], [host])


def test_lab_that_is_closed_shows_strangers_nothing(lab: Lab, town: Town) -> None:
    """Neither list, calendar nor form; a member of any role reads all of them."""
    workshop_id = town.announce()
    url, path = lab.services[0].url, f"/workshops/{workshop_id}"
    body = {"name": "Zénobie", "mail": "z@ville.example"}
    for method, where, sent in (
        ("GET", "/workshops", None),
        ("GET", "/workshops.ics", None),
        ("GET", path, None),
        ("POST", f"{path}/registrations", body),
    ):
        assert Town(lab, url).call(method, where, sent).status == 401
    assert lab.done("GET", path)["title"] == "Lire une carte"


def test_plan_that_cannot_be_is_refused_at_its_field(lab: Lab, town: Town) -> None:
    """In an announcement, and in a change."""
    path = f"/workshops/{town.announce()}"
    faults: list[tuple[dict[str, Any], str]] = [
        ({"title": ""}, "title"),
        ({"starts_at": "2030-01-01T10:00:00"}, "starts_at"),
        ({"starts_at": "demain"}, "starts_at"),
        ({"starts_at": "2020-01-01T10:00:00Z"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "starts_at"),
        ({"ends_at": "2020-01-01T10:00:00Z"}, "ends_at"),
        ({"place": "", "link": ""}, "place"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": 'https://a.example/"><script>'}, "link"),
        ({"seats": 0}, "seats"),
        ({"seats": 301}, "seats"),
        ({"waiting_seats": -1}, "waiting_seats"),
        ({"host_id": "mbr_ghost"}, "host_id"),
        ({"host_id": "pas un membre"}, "host_id"),
        ({"project_ids": ["prj_ghost"]}, "project_ids"),
        ({"project_ids": [{"$ne": 1}]}, "project_ids.0"),
        ({"price": 3}, "price"),
    ]
    for wrong, field in faults:
        refusal = lab.refused(422, "POST", "/workshops", plan(**wrong), who=REVIEWER)
        assert refusal["field"] == field
        assert lab.refused(422, "PATCH", path, wrong, who=REVIEWER)["field"] == field


def test_only_the_staff_decides_on_workshops(lab: Lab, town: Town) -> None:
    """Holders, owners and hosts get 403; what is unknown is 404."""
    host = lab.member()
    path = f"/workshops/{town.announce(host_id=host)}"
    material = {"title": "Diapositives", "url": "https://a.example"}
    for method, where, body in (
        ("POST", "/workshops", plan()),
        ("PATCH", path, {"seats": 3}),
        ("POST", f"{path}/cancellation", {"reason": "Grève."}),
        ("POST", f"{path}/attendance", {"attendance": 1}),
        ("POST", f"{path}/materials", material),
        ("DELETE", f"{path}/materials", {"url": "https://a.example"}),
    ):
        for who in (HOLDER, (host, "holder", "owner")):
            lab.refused(403, method, where, body, who=who)
        if where != "/workshops":
            unknown = where.replace(path, "/workshops/wsh_ghost")
            lab.refused(404, method, unknown, body, who=REVIEWER)
    lab.refused(404, "GET", "/workshops/wsh_ghost")


def test_announcement_that_is_repeated_is_one(lab: Lab) -> None:
    """With the key of before, which a plan that cannot be spends not; another body is refused."""
    body, headers = plan(), {"Idempotency-Key": "atelier-1"}
    wrong = {**body, "ends_at": body["starts_at"]}
    lab.refused(422, "POST", "/workshops", wrong, who=REVIEWER, headers=headers)
    workshop_id, two = (
        lab.done("POST", "/workshops", body, who=REVIEWER, headers=headers)["id"] for _ in range(2)
    )
    assert workshop_id == two
    other = {**body, "seats": 9}
    lab.refused(422, "POST", "/workshops", other, who=REVIEWER, headers=headers)
    eventually(lambda: lab.events("workshop_announced", workshop_id=workshop_id))
    assert len(lab.events("workshop_announced", workshop_id=workshop_id)) == 1


def test_calendars_move_and_strike_out_what_they_have(lab: Lab, town: Town) -> None:
    """The feed and one workshop say the same; the link is for the staff and seats alone."""
    workshop_id = town.announce()
    path = f"/workshops/{workshop_id}"

    def listed(where: str, accept: str) -> Any:
        answer = town.call("GET", where, Accept=accept)
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        events: list[Any] = Calendar.from_ical(answer.data).walk("VEVENT")
        return next(event for event in events if event["uid"].startswith(workshop_id))

    before = listed("/workshops.ics", "*/*")
    lab.done("PATCH", path, {"place": "Rouen"}, who=REVIEWER)
    staff = lab.call("GET", f"{path}?format=ics", who=REVIEWER).data
    assert Calendar.from_ical(staff).walk("VEVENT")[0]["url"] == "https://visio.example/salle"
    lab.done("POST", f"{path}/cancellation", {"reason": "Grève."}, who=REVIEWER)
    after = listed(path, "text/calendar")
    assert after["uid"] == listed(f"{path}?format=ics", "text/html")["uid"] == before["uid"]
    assert (before["status"], after["status"]) == ("CONFIRMED", "CANCELLED")
    assert (before["sequence"], after["sequence"]) == (0, 2)
    assert (before["location"], after["location"]) == ("Caen", "Rouen")
    assert "url" not in before
    over = lab.call("GET", f"{path}?format=ics", who=REVIEWER).data
    assert "url" not in Calendar.from_ical(over).walk("VEVENT")[0]


def test_workshop_is_closed_with_who_came_and_what_to_read(lab: Lab, town: Town) -> None:
    """Not before it began; then it is among the past ones, which everybody reads."""
    workshop_id = town.announce()
    path, came = f"/workshops/{workshop_id}", town.register(workshop_id, "une@ville.example")
    town.register(workshop_id, "deux@ville.example")
    noted = {"attendance": 5, "came": [came["id"]]}
    material = {"title": "Diapositives & notes", "url": "https://a.example/d.pdf"}
    lab.refused(409, "POST", f"{path}/attendance", noted, who=REVIEWER)
    lab.refused(409, "POST", f"{path}/materials", material, who=REVIEWER)
    begun, over = now() - timedelta(hours=2), now() - timedelta(minutes=1)
    town.pass_time(workshop_id, starts_at=begun, ends_at=over)
    lab.refused(409, "PATCH", path, {"seats": 9}, who=REVIEWER)
    lab.done("POST", f"{path}/attendance", noted, who=REVIEWER)
    assert [registrant["came"] for registrant in town.registrants(workshop_id)] == [True, False]
    bad = {**material, "url": "data:text/html,x"}
    assert lab.refused(422, "POST", f"{path}/materials", bad, who=REVIEWER)["field"] == "url"
    lab.done("POST", f"{path}/materials", material, who=REVIEWER)
    workshops = town.done("GET", "/workshops?when=past&limit=100")["items"]
    (past,) = [workshop for workshop in workshops if workshop["id"] == workshop_id]
    assert (past["attendance"], past["is_open"]) == (5, False)
    assert [material["url"] for material in past["materials"]] == ["https://a.example/d.pdf"]
    removed = {"url": material["url"]}
    for _ in range(2):
        assert lab.done("DELETE", f"{path}/materials", removed, who=REVIEWER)["materials"] == []
    assert lab.refused(422, "DELETE", f"{path}/materials", {}, who=REVIEWER)["field"] == "url"
    event = lab.wait_for("workshop_held", workshop_id=workshop_id)
    assert event["attendance"] == 5
    eventually(lambda: len(lab.events("material_added", workshop_id=workshop_id)) == 3)


def test_stranger_registers_sees_and_gives_up_by_a_secret(lab: Lab, town: Town) -> None:
    """The link is shown to who has a seat; the secret is kept as its hash, and nobody guesses.

    Whether an address is registered already, the answer does not tell.
    """
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
    assert set(town.register(workshop_id, "une@ville.example")) == set(registration)
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
    """Nobody has a seat too many, and the first who gives up is followed by the first who waits.

    The host sees who registered; strangers and other members do not.
    """
    host = lab.member()
    workshop_id = town.announce(seats=3, waiting_seats=4, host_id=host)
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
    listed = lab.done("GET", path, who=(host, "owner"))["items"]
    assert [registration["mail"] for registration in listed] == [
        registrant["mail"] for registrant in left
    ]
    lab.refused(403, "GET", path, who=OWNER)
    assert town.call("GET", path).status == 401
    for where in ("/workshops", "/workshops.ics", f"/workshops/{workshop_id}"):
        assert b"@ville.example" not in town.call("GET", where).data


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


def test_registration_says_a_name_and_an_address(town: Town) -> None:
    """And nothing else: whom one registers for is what the token says."""
    path = f"/workshops/{town.announce()}/registrations"
    faults: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "name"),
        ({"mail": "pas une adresse"}, "mail"),
        ({"mail": "a@b.example\r\nBcc: c@d.example"}, "mail"),
        ({"mail": {"$gt": ""}}, "mail"),
        ({"member_id": "mbr_other"}, "member_id"),
        ({"state": "taken"}, "state"),
    ]
    for wrong, field in faults:
        answer = town.call("POST", path, {**BODY, **wrong})
        assert (answer.status, answer.json()["field"]) == (422, field)


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


def test_reminder_is_recorded_once_and_names_are_erased_weeks_after(lab: Lab, town: Town) -> None:
    """However many processes look; in the end links open nothing, and no name is left."""
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
        town.pass_time(workshop_id, forget_at=now() - timedelta(seconds=5))
        watches[0].look()
        assert store.of(Workshop).get(workshop_id).registration_ids == []
    assert "une@ville.example" not in str(lab.documents("workshops", _id=workshop_id))
    secret = f"Bearer {registration['text']}"
    assert town.call("GET", "/registrations/shown", Authorization=secret).status == 404


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
