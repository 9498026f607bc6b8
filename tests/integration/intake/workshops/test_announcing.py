"""The staff announces, changes, cancels and closes workshops; others read, where they may."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from shared.aggregate import now
from tests.integration.intake.lab import HOLDER, REVIEWER, Lab
from tests.integration.intake.workshops.town import Town, plan
from tests.servers import eventually


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


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a" * 201}, "title"),
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
    ],
)
def test_plan_that_cannot_be_is_refused_at_its_field(
    lab: Lab, town: Town, wrong: dict[str, Any], field: str
) -> None:
    """In an announcement, and in a change."""
    refusal = lab.refused(422, "POST", "/workshops", plan(**wrong), who=REVIEWER)
    assert refusal["field"] == field
    path = f"/workshops/{town.announce()}"
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
