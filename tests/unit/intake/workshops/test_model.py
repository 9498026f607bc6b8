"""A workshop's life: plan, seats, waiting list, reminder, attendance and what is forgotten."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.workshops.model import MOST_MATERIALS, Material
from services.intake.workshops.seat_registration import Attendee
from services.intake.workshops.views import RegistrationView, ShownWorkshop
from shared import events
from shared.aggregate import NEVER, now
from shared.auth import ANYBODY, Caller
from shared.errors import Invalid, NotFound, WrongStage
from tests.unit.intake.workshops.samples import (
    MARK,
    begun,
    events_of,
    new_workshop,
    person,
    register,
    saved,
    states,
)

WEEK = timedelta(days=7)


def test_announcement_tells_when_where_and_of_which_projects() -> None:
    """Its host is told, and times are plain ISO dates in UTC."""
    workshop = new_workshop(host_id="mbr_host", project_ids=("prj_1", "prj_2"))
    (event,) = workshop.recorded()
    assert isinstance(event, events.WorkshopAnnounced)
    assert (event.project_ids, event.member_ids) == (("prj_1", "prj_2"), ("mbr_host",))
    assert event.starts_at == workshop.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (event.place, event.seats, event.theme) == ("Caen", 2, "culture des données")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ends_at": now() + WEEK, "starts_at": now() + WEEK + timedelta(seconds=1)}, "ends_at"),
        ({"ends_at": now() + WEEK, "starts_at": now() - timedelta(seconds=1)}, "starts_at"),
        ({"place": ""}, "place"),
    ],
)
def test_plan_that_cannot_be_is_refused_at_its_field(wrong: dict[str, Any], field: str) -> None:
    """When it is announced, and when it changes: nothing of it is kept."""
    with pytest.raises(Invalid) as refused:
        new_workshop(**wrong)
    assert refused.value.field == field
    with pytest.raises(Invalid) as refused:
        new_workshop().change(wrong)
    assert refused.value.field == field


def test_seats_are_bounded_and_so_is_the_waiting_list() -> None:
    """Who comes too late is told so, and nothing is kept of them."""
    workshop = new_workshop()
    register(workshop, 1, 2)
    assert (workshop.is_full, workshop.is_open) == (True, True)
    register(workshop, 3, 4)
    assert states(workshop) == ["taken", "taken", "waiting", "waiting"]
    assert not workshop.is_open
    with pytest.raises(WrongStage, match="complet"):
        register(workshop, 5)
    assert [len(events_of(workshop, cls)) for cls in (events.SeatTaken, events.SeatWaiting)] == [
        2,
        2,
    ]


def test_seat_given_up_goes_to_who_waited_longest() -> None:
    """Nothing is kept of who gave it up, who may do so twice."""
    workshop = new_workshop()
    first, _, third, _ = register(workshop, 1, 2, 3, 4)
    workshop.give_up(first.id)
    workshop.give_up(first.id)
    assert states(workshop) == ["given_up", "taken", "taken", "waiting"]
    assert workshop.registration(first.id).person == Attendee()
    assert len(events_of(workshop, events.SeatGivenUp)) == 1
    assert events_of(workshop, events.SeatTaken)[-1].registration_id == third.id
    assert events_of(workshop, events.SeatTaken)[-1].waited
    workshop.give_up(workshop.registrations.waiting[0].id)
    assert states(workshop) == ["given_up", "taken", "taken", "given_up"]


def test_new_seats_go_to_who_waits_and_fewer_throw_nobody_out() -> None:
    """A seat that is taken stays so; the next who comes waits."""
    workshop = new_workshop()
    register(workshop, 1, 2, 3, 4)
    workshop.change({"seats": 3})
    assert states(workshop) == ["taken", "taken", "taken", "waiting"]
    workshop.change({"seats": 1})
    assert states(workshop) == ["taken", "taken", "taken", "waiting"]
    workshop.give_up(workshop.registrations.seated[0].id)
    assert states(workshop) == ["given_up", "taken", "taken", "waiting"]


def test_address_that_is_registered_gets_what_looks_like_another_registration() -> None:
    """It has no seat, tells nothing, keeps no name, and taking it back frees none."""
    workshop = new_workshop()
    (first,) = register(workshop, 1)
    before = len(workshop.recorded())
    double = workshop.register(person(1, name="Quelqu'un"), "other proof")
    assert (double.id == first.id, double.state, double.person) == (False, "taken", Attendee())
    assert len(workshop.registrations.seated) == 1
    workshop.give_up(double.id)
    assert workshop.registration(first.id).state == "taken"
    assert len(workshop.recorded()) == before
    assert workshop.registrations.counted == (first,)


def test_address_that_registers_anew_is_sent_its_link_and_not_too_often() -> None:
    """Its person may have lost the link; who asks learns nothing, and cannot fill its mailbox."""
    workshop = new_workshop()
    (first,) = register(workshop, 1)
    register(workshop, 1)
    assert events_of(workshop, events.SeatLinkAsked) == []
    long_ago = first.model_copy(update={"at": now() - timedelta(hours=1)})
    workshop.registrations = workshop.registrations.with_changed(long_ago)
    register(workshop, 1, 1)
    (asked,) = events_of(workshop, events.SeatLinkAsked)
    assert asked.registration_id == first.id
    assert len(events_of(workshop, events.SeatTaken)) == 1


def test_given_up_seat_is_forgotten_whoever_took_it_back() -> None:
    """The staff alone keeps the address, for the letter that says so; it goes with all others."""
    workshop = new_workshop()
    (first,) = register(workshop, 1)
    workshop.give_up(first.id, by_staff=True)
    assert events_of(workshop, events.SeatGivenUp)[-1].by_staff
    assert workshop.registration(first.id).person == Attendee(mail=first.person.mail)
    (again,) = register(workshop, 1)
    assert (again.double, states(workshop)) == (False, ["given_up", "taken"])
    workshop.give_up(again.id)
    assert not events_of(workshop, events.SeatGivenUp)[-1].by_staff
    workshop.forget_all(NEVER)
    assert workshop.registrations.all == ()
    workshop = new_workshop()
    (registration,) = register(workshop, 1)
    for by_staff, is_kept in ((True, True), (True, True), (False, False), (True, False)):
        workshop.give_up(registration.id, by_staff=by_staff)
        assert ("ville.example" in repr(workshop.registrations)) == is_kept
    assert len(events_of(workshop, events.SeatGivenUp)) == 1


def test_member_learns_no_more_of_an_address_than_a_stranger() -> None:
    """Its page shows a registration as any other, once, without the address; erasure takes it."""
    workshop = new_workshop()
    register(workshop, 1)
    curious = person(1, member_id="mbr_1", account_id="acc_1")
    double = workshop.register(curious, "a")
    assert workshop.register(curious, "b").id == double.id
    workshop_view = ShownWorkshop.shown_to(workshop, Caller("mbr_1", frozenset(), "acc_1"), "")
    assert [(seat.id, seat.state) for seat in workshop_view.own] == [(double.id, "taken")]
    assert (double.person.name, double.person.mail) == ("", "")
    assert len(workshop.registrations.seated) == 1
    workshop.forget("acc_1")
    assert len(workshop.registrations.all) == 1


def test_same_request_finds_its_registration_again() -> None:
    """Both secrets open it; the same key with another address is another registration."""
    workshop = new_workshop()
    first = workshop.register(person(1), "one", "key")
    again = workshop.register(person(1), "two", "key")
    assert (again.id, again.proofs) == (first.id, ("one", "two"))
    assert workshop.register(person(2), "three", "key").id != first.id
    assert workshop.register(person(1), "four", "").double


def test_letters_close_no_link_that_its_person_was_shown() -> None:
    """Each makes one, and the newest open it, however many never arrived; so does the first."""
    workshop = new_workshop()
    registration = workshop.register(person(1), "shown")
    for number in range(9):
        workshop.open_also_by(registration.id, f"letter {number}")
    kept = ("shown", "letter 5", "letter 6", "letter 7", "letter 8")
    assert workshop.registration(registration.id).proofs == kept


def test_person_who_signed_in_registers_once() -> None:
    """By the account, or without one by member and address; others of the member may, too."""
    workshop = new_workshop(seats=9)
    attendee = person(1, member_id="mbr_1", account_id="acc_1")
    first = workshop.register(attendee, "a")
    assert (
        workshop.register(attendee.model_copy(update={"mail": "new@ville.example"}), "b").id
        == first.id
    )
    linked = person(2, member_id="mbr_1")
    second = workshop.register(linked, "c")
    assert workshop.register(linked, "d").id == second.id
    assert workshop.register(person(3, member_id="mbr_1"), "e").id not in {first.id, second.id}
    assert workshop.known_as == ["acc_1", "mbr_1"]


def test_nobody_registers_once_it_began_or_is_cancelled() -> None:
    """Who was to come may still have its name and address erased."""
    workshop = new_workshop()
    (registration,) = register(workshop, 1)
    past, off = begun(workshop), saved(workshop)
    off.cancel("Grève.")
    for closed in (past, off):
        with pytest.raises(WrongStage, match="s'inscrit plus"):
            register(closed, 2)
    with pytest.raises(WrongStage, match="a commencé"):
        past.give_up(registration.id, by_staff=True)
    for closed in (past, off):
        closed.give_up(registration.id)
        assert states(closed) == ["given_up"]
        assert MARK not in repr(closed)
        assert "ville.example" not in repr(closed)


def test_who_is_erased_after_it_is_sent_nothing_more_and_frees_no_seat() -> None:
    """Nobody is told of it: it came, or did not."""
    workshop = new_workshop(seats=1)
    registration, _ = register(workshop, 1, 2)
    workshop = begun(saved(workshop))
    workshop.give_up(registration.id)
    workshop.add_material(Material(title="Diapositives", url="https://a.example"))
    assert states(workshop) == ["given_up", "waiting"]
    assert [getattr(event, "registration_id", None) for event in workshop.recorded()] == [None]


def test_cancellation_is_told_once_of_the_workshop_and_of_each_registration() -> None:
    """Projects and host hear of the whole, a member of its person's; no reminder follows."""
    workshop = new_workshop(host_id="mbr_host", project_ids=("prj_1",), seats=1)
    workshop.register(person(1, member_id="mbr_1"), "a")
    workshop.register(person(2), "b")
    workshop.cancel("Grève.")
    workshop.cancel("Autre raison.")
    whole, *seats = events_of(workshop, events.WorkshopCancelled)
    assert (whole.registration_id, whole.project_ids) == (None, ("prj_1",))
    assert [(seat.registration_id, seat.member_id, seat.project_ids) for seat in seats] == [
        (workshop.registrations.all[0].id, "mbr_1", ()),
        (workshop.registrations.all[1].id, None, ()),
    ]
    assert {event.reason for event in (whole, *seats)} == {"Grève."}
    assert (workshop.remind_at, workshop.revision, workshop.forget_at != NEVER) == (NEVER, 1, True)


def test_change_of_time_or_place_is_told_to_all_and_of_words_is_not() -> None:
    """What stays the same is no change, and calendars see a higher revision."""
    workshop = new_workshop()
    register(workshop, 1)
    workshop.change({"title": workshop.title, "seats": 2})
    assert (workshop.revision, events_of(workshop, events.WorkshopChanged)) == (0, [])
    workshop.change({"description": "Apportez une carte."})
    assert [event.registration_id for event in events_of(workshop, events.WorkshopChanged)] == [
        None
    ]
    workshop.change({"place": "Rouen"})
    assert [event.registration_id for event in events_of(workshop, events.WorkshopChanged)[1:]] == [
        None,
        workshop.registrations.all[0].id,
    ]
    assert (workshop.revision, events_of(workshop, events.WorkshopChanged)[-1].changed) == (
        2,
        ("place",),
    )


def test_what_began_or_is_cancelled_changes_no_more() -> None:
    """Nor is what began cancelled."""
    off = new_workshop()
    off.cancel("Grève.")
    with pytest.raises(WrongStage, match="annulé"):
        off.change({"seats": 9})
    with pytest.raises(WrongStage, match="a commencé"):
        begun(new_workshop()).change({"seats": 9})
    with pytest.raises(WrongStage, match="a commencé"):
        begun(new_workshop()).cancel("Trop tard.")


def test_reminder_is_recorded_once_and_only_to_who_has_a_seat() -> None:
    """Not before it is due, and not again by a second process that looks."""
    workshop = new_workshop(seats=1)
    register(workshop, 1, 2)
    workshop.remind(now())
    assert events_of(workshop, events.WorkshopDue) == []
    due_at = workshop.remind_at
    workshop.remind(due_at)
    workshop.remind(due_at)
    assert [event.registration_id for event in events_of(workshop, events.WorkshopDue)] == [
        None,
        workshop.registrations.all[0].id,
    ]
    assert workshop.remind_at == NEVER


def test_reminder_follows_the_start_and_comes_not_after_it() -> None:
    """One that is announced for tomorrow needs none."""
    workshop = new_workshop()
    starts_at = workshop.starts_at + WEEK
    workshop.remind(workshop.remind_at)
    workshop.change({"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)})
    assert workshop.remind_at == starts_at - timedelta(days=1)
    soon = now() + timedelta(hours=20)
    assert new_workshop(starts_at=soon, ends_at=soon + timedelta(hours=1)).remind_at == NEVER
    late = begun(workshop)
    late.remind(late.remind_at)
    assert (late.remind_at, events_of(late, events.WorkshopDue)) == (NEVER, [])


def test_attendance_is_noted_and_corrected_once_it_began() -> None:
    """Who came is of those who registered; the same count is told once."""
    workshop = new_workshop(project_ids=("prj_1",))
    registration, two = register(workshop, 1, 2)
    with pytest.raises(WrongStage, match="pas encore"):
        workshop.hold(1, ())
    workshop = begun(workshop)
    workshop.hold(3, (registration.id,))
    workshop.hold(3, (two.id,))
    workshop.hold(4, (registration.id,))
    assert [event.attendance for event in events_of(workshop, events.WorkshopHeld)] == [3, 4]
    assert [registration.came for registration in workshop.registrations.all] == [True, False]
    with pytest.raises(Invalid) as refused:
        workshop.hold(4, ("reg_ghost",))
    assert refused.value.field == "came"


def test_material_is_added_after_it_and_told_to_who_had_a_seat() -> None:
    """The same address again changes its title alone; there is a bound."""
    workshop = new_workshop(seats=1)
    register(workshop, 1, 2)
    with pytest.raises(WrongStage, match="pas encore"):
        workshop.add_material(Material(title="Trop tôt", url="https://a.example"))
    workshop = begun(workshop)
    workshop.add_material(Material(title="Diapositives", url="https://a.example"))
    workshop.add_material(Material(title="Les diapositives", url="https://a.example"))
    assert [material.title for material in workshop.materials] == ["Les diapositives"]
    assert [event.registration_id for event in events_of(workshop, events.MaterialAdded)] == [
        None,
        workshop.registrations.all[0].id,
    ]
    workshop.remove_material("https://a.example")
    workshop.remove_material("https://a.example")
    assert workshop.materials == ()
    for number in range(MOST_MATERIALS):
        workshop.add_material(Material(title="Plus", url=f"https://a.example/{number}"))
    with pytest.raises(WrongStage, match="au plus"):
        workshop.add_material(Material(title="Trop", url="https://b.example"))


def test_no_event_says_who_registered() -> None:
    """Neither name nor address, nor secret, of anybody, in any of them."""
    workshop = new_workshop(seats=1)
    register(workshop, 1, 2, 3)
    workshop.change({"place": "Rouen"})
    workshop.remind(workshop.remind_at)
    workshop.give_up(workshop.registrations.all[0].id)
    workshop = begun(workshop)
    workshop.add_material(Material(title="Diapositives", url="https://a.example"))
    workshop.hold(1, ())
    fields = repr([event.model_dump() for event in workshop.recorded()])
    assert MARK not in fields
    assert "ville.example" not in fields
    assert "proof" not in fields


@pytest.mark.parametrize("known_as", ["mbr_1", "acc_1"])
def test_erased_person_is_forgotten_and_the_seat_goes_to_another(known_as: str) -> None:
    """Of others everything is kept; who is erased of a past workshop is told to nobody."""
    workshop = new_workshop(seats=1)
    workshop.register(person(1, member_id="mbr_1", account_id="acc_1"), "a")
    register(workshop, 2)
    past = begun(workshop)
    workshop.forget(known_as)
    assert [
        (registration.person.mail, registration.state)
        for registration in workshop.registrations.all
    ] == [("p2@ville.example", "taken")]
    assert [len(events_of(workshop, cls)) for cls in (events.SeatGivenUp, events.SeatTaken)] == [
        1,
        2,
    ]
    assert workshop.known_as == []
    past.forget(known_as)
    assert (len(past.registrations.all), past.recorded()) == (1, [])


def test_names_are_forgotten_some_weeks_after_the_end() -> None:
    """Not a moment before; how many came is kept."""
    workshop = new_workshop()
    register(workshop, 1)
    workshop = begun(workshop)
    workshop.hold(1, ())
    workshop.forget_all(workshop.ends_at + timedelta(days=27))
    assert len(workshop.registrations.all) == 1
    workshop.forget_all(workshop.ends_at + timedelta(days=28))
    assert not workshop.registrations.all
    assert (workshop.forget_at, workshop.attendance) == (NEVER, 1)


def test_who_registers_and_leaves_again_and_again_fills_no_document() -> None:
    """What counts no more is remembered for a while only; what counts is kept."""
    workshop = new_workshop()
    (first,) = register(workshop, 1)
    for _ in range(520):
        workshop.give_up(workshop.register(person(2), "proof").id)
        workshop.register(person(1), "guess")
    assert len(workshop.registrations.all) < 1020
    assert workshop.registrations.counted == (first,)
    with pytest.raises(NotFound):
        workshop.registration("reg_ghost")


@pytest.mark.parametrize(
    ("caller", "sees"),
    [
        (Caller("mbr_staff", frozenset({"reviewer"})), True),
        (Caller("mbr_host", frozenset({"holder"})), True),
        (Caller("mbr_other", frozenset({"holder"})), False),
        (ANYBODY, False),
    ],
)
def test_staff_and_host_alone_see_who_registered(caller: Caller, sees: bool) -> None:
    """Where no member hosts it, nobody is taken for the host."""
    assert new_workshop(host_id="mbr_host").shows_who_registered_to(caller) is sees
    assert new_workshop().shows_who_registered_to(caller) is caller.is_staff


def test_link_of_what_does_not_take_place_is_shown_to_nobody() -> None:
    """Neither to the staff nor to who had a seat."""
    workshop, staff = (
        new_workshop(link="https://visio.example/a"),
        Caller("lab", frozenset({"operator"})),
    )
    (registration,) = register(workshop, 1)

    def links() -> set[str]:
        seat = RegistrationView.of_seat(workshop, workshop.registration(registration.id))
        return {ShownWorkshop.shown_to(workshop, staff, "").link, seat.link}

    assert links() == {"https://visio.example/a"}
    workshop.cancel("Grève.")
    assert links() == {""}
