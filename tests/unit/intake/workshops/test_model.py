"""A workshop's life: plan, seats, waiting list, reminder, attendance and what is forgotten."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.workshops.model import MOST_MATERIALS, Material, Workshop
from services.intake.workshops.seat_registration import Attendee
from services.intake.workshops.views import RegistrationView, ShownWorkshop
from shared import events
from shared.aggregate import LONG_AGO, NEVER, now
from shared.auth import ANYBODY, Caller
from shared.errors import Invalid, NotFound, WrongStage
from shared.events.event import Event
from tests.unit.intake.workshops.made import (
    MARK,
    begun,
    person,
    register,
    saved,
    states,
    told,
    workshop,
)

WEEK = timedelta(days=7)


def test_announcement_tells_when_where_and_of_which_projects() -> None:
    """Its host is told, and times are plain ISO dates in UTC."""
    it = workshop(host_id="mbr_host", project_ids=("prj_1", "prj_2"))
    (event,) = it.recorded()
    assert isinstance(event, events.WorkshopAnnounced)
    assert (event.project_ids, event.member_ids) == (("prj_1", "prj_2"), ("mbr_host",))
    assert event.starts_at == it.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
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
        workshop(**wrong)
    assert refused.value.field == field
    with pytest.raises(Invalid) as refused:
        workshop().change(wrong)
    assert refused.value.field == field


def test_seats_are_bounded_and_so_is_the_waiting_list() -> None:
    """Who comes too late is told so, and nothing is kept of them."""
    it = workshop()
    register(it, 1, 2)
    assert (it.is_full, it.is_open) == (True, True)
    register(it, 3, 4)
    assert states(it) == ["taken", "taken", "waiting", "waiting"]
    assert not it.is_open
    with pytest.raises(WrongStage, match="complet"):
        register(it, 5)
    assert [len(told(it, cls)) for cls in (events.SeatTaken, events.SeatWaiting)] == [2, 2]


def test_seat_given_up_goes_to_who_waited_longest() -> None:
    """Nothing is kept of who gave it up, who may do so twice."""
    it = workshop()
    first, _, third, _ = register(it, 1, 2, 3, 4)
    it.give_up(first.id)
    it.give_up(first.id)
    assert states(it) == ["given_up", "taken", "taken", "waiting"]
    assert it.registration(first.id).person == Attendee()
    assert len(told(it, events.SeatGivenUp)) == 1
    assert told(it, events.SeatTaken)[-1].registration_id == third.id
    assert told(it, events.SeatTaken)[-1].waited


def test_place_on_the_waiting_list_given_up_moves_nobody() -> None:
    """Its place is free for another who waits."""
    it = workshop()
    register(it, 1, 2, 3, 4)
    it.give_up(it.registrations.waiting[0].id)
    assert states(it) == ["taken", "taken", "given_up", "waiting"]
    register(it, 5)
    assert states(it)[-1] == "waiting"


def test_new_seats_go_to_who_waits_and_fewer_throw_nobody_out() -> None:
    """A seat that is taken stays so; the next who comes waits."""
    it = workshop()
    register(it, 1, 2, 3, 4)
    it.change({"seats": 3})
    assert states(it) == ["taken", "taken", "taken", "waiting"]
    it.change({"seats": 1})
    assert states(it) == ["taken", "taken", "taken", "waiting"]
    it.give_up(it.registrations.seated[0].id)
    assert states(it) == ["given_up", "taken", "taken", "waiting"]


def test_address_that_is_registered_gets_what_looks_like_another_registration() -> None:
    """It has no seat, tells nothing, keeps no name, and taking it back frees none."""
    it = workshop()
    (first,) = register(it, 1)
    before = len(it.recorded())
    double = it.register(person(1, name="Quelqu'un"), "other proof")
    assert (double.id == first.id, double.state, double.person) == (False, "taken", Attendee())
    assert len(it.registrations.seated) == 1
    it.give_up(double.id)
    assert it.registration(first.id).state == "taken"
    assert len(it.recorded()) == before
    assert it.registrations.counted == (first,)


def test_address_that_registers_anew_is_sent_its_link_and_not_too_often() -> None:
    """Its person may have lost the link; who asks learns nothing, and cannot fill its mailbox."""
    it = workshop()
    (first,) = register(it, 1)
    register(it, 1)
    assert told(it, events.SeatLinkAsked) == []
    long_ago = first.model_copy(update={"at": now() - timedelta(hours=1)})
    it.registrations = it.registrations.with_changed(long_ago)
    register(it, 1, 1)
    (asked,) = told(it, events.SeatLinkAsked)
    assert asked.registration_id == first.id
    assert len(told(it, events.SeatTaken)) == 1


def test_who_is_taken_out_by_the_staff_is_told_and_may_register_anew() -> None:
    """Its address is kept for that letter alone, and goes with all others."""
    it = workshop()
    (first,) = register(it, 1)
    it.give_up(first.id, by_staff=True)
    assert told(it, events.SeatGivenUp)[-1].by_staff
    assert it.registration(first.id).person == Attendee(mail=first.person.mail)
    (again,) = register(it, 1)
    assert (again.double, states(it)) == (False, ["given_up", "taken"])
    it.give_up(again.id)
    assert not told(it, events.SeatGivenUp)[-1].by_staff
    it.forget_all(NEVER)
    assert it.registrations.all == ()


def test_member_learns_no_more_of_an_address_than_a_stranger() -> None:
    """Its page shows a registration as any other, once, without the address; erasure takes it."""
    it = workshop()
    register(it, 1)
    curious = person(1, member_id="mbr_1", account_id="acc_1")
    double = it.register(curious, "a")
    assert it.register(curious, "b").id == double.id
    shown = ShownWorkshop.shown_to(it, Caller("mbr_1", frozenset(), "acc_1"), "")
    assert [(one.id, one.state) for one in shown.own] == [(double.id, "taken")]
    assert (double.person.name, double.person.mail) == ("", "")
    assert len(it.registrations.seated) == 1
    it.forget("acc_1")
    assert len(it.registrations.all) == 1


def test_same_request_finds_its_registration_again() -> None:
    """Both secrets open it; the same key with another address is another registration."""
    it = workshop()
    first = it.register(person(1), "one", "key")
    again = it.register(person(1), "two", "key")
    assert (again.id, again.proofs) == (first.id, ("one", "two"))
    assert it.register(person(2), "three", "key").id != first.id
    assert it.register(person(1), "four", "").double


def test_letters_close_no_link_that_its_person_was_shown() -> None:
    """Each makes one, and the newest open it, however many never arrived; so does the first."""
    it = workshop()
    made = it.register(person(1), "shown")
    for number in range(9):
        it.open_also_by(made.id, f"letter {number}")
    kept = ("shown", "letter 5", "letter 6", "letter 7", "letter 8")
    assert it.registration(made.id).proofs == kept


def test_person_who_signed_in_registers_once() -> None:
    """By the account, or without one by member and address; others of the member may, too."""
    it = workshop(seats=9)
    one = person(1, member_id="mbr_1", account_id="acc_1")
    first = it.register(one, "a")
    assert it.register(one.model_copy(update={"mail": "new@ville.example"}), "b").id == first.id
    linked = person(2, member_id="mbr_1")
    second = it.register(linked, "c")
    assert it.register(linked, "d").id == second.id
    assert it.register(person(3, member_id="mbr_1"), "e").id not in {first.id, second.id}
    assert it.known_as == ["acc_1", "mbr_1"]


def test_nobody_registers_once_it_began_or_is_cancelled() -> None:
    """Who was to come may still have its name and address erased."""
    it = workshop()
    (one,) = register(it, 1)
    past, off = begun(it), saved(it)
    off.cancel("Grève.")
    for closed in (past, off):
        with pytest.raises(WrongStage, match="s'inscrit plus"):
            register(closed, 2)
    with pytest.raises(WrongStage, match="a commencé"):
        past.give_up(one.id, by_staff=True)
    for closed in (past, off):
        closed.give_up(one.id)
        assert states(closed) == ["given_up"]
        assert MARK not in repr(closed)
        assert "ville.example" not in repr(closed)


def test_who_is_erased_after_it_is_sent_nothing_more_and_frees_no_seat() -> None:
    """Nobody is told of it: it came, or did not."""
    it = workshop(seats=1)
    one, _ = register(it, 1, 2)
    it = begun(saved(it))
    it.give_up(one.id)
    it.add_material(Material(title="Diapositives", url="https://a.example"))
    assert states(it) == ["given_up", "waiting"]
    assert [getattr(event, "registration_id", None) for event in it.recorded()] == [None]


def test_who_was_taken_out_has_its_address_erased_too() -> None:
    """The staff alone cannot: the letter that says so needs it."""
    it = workshop()
    (one,) = register(it, 1)
    for by_staff, is_kept in ((True, True), (True, True), (False, False), (True, False)):
        it.give_up(one.id, by_staff=by_staff)
        assert ("ville.example" in repr(it.registrations)) == is_kept
    assert len(told(it, events.SeatGivenUp)) == 1


def test_cancellation_is_told_once_of_the_workshop_and_of_each_registration() -> None:
    """Projects and host hear of the whole, a member of its person's; no reminder follows."""
    it = workshop(host_id="mbr_host", project_ids=("prj_1",), seats=1)
    it.register(person(1, member_id="mbr_1"), "a")
    it.register(person(2), "b")
    it.cancel("Grève.")
    it.cancel("Autre raison.")
    whole, *seats = told(it, events.WorkshopCancelled)
    assert (whole.registration_id, whole.project_ids) == (None, ("prj_1",))
    assert [(one.registration_id, one.member_id, one.project_ids) for one in seats] == [
        (it.registrations.all[0].id, "mbr_1", ()),
        (it.registrations.all[1].id, None, ()),
    ]
    assert {one.reason for one in (whole, *seats)} == {"Grève."}
    assert (it.remind_at, it.revision, it.forget_at != NEVER) == (NEVER, 1, True)


def test_change_of_time_or_place_is_told_to_all_and_of_words_is_not() -> None:
    """What stays the same is no change, and calendars see a higher revision."""
    it = workshop()
    register(it, 1)
    it.change({"title": it.title, "seats": 2})
    assert (it.revision, told(it, events.WorkshopChanged)) == (0, [])
    it.change({"description": "Apportez une carte."})
    assert [event.registration_id for event in told(it, events.WorkshopChanged)] == [None]
    it.change({"place": "Rouen"})
    assert [event.registration_id for event in told(it, events.WorkshopChanged)[1:]] == [
        None,
        it.registrations.all[0].id,
    ]
    assert (it.revision, told(it, events.WorkshopChanged)[-1].changed) == (2, ("place",))


def test_what_began_or_is_cancelled_changes_no_more() -> None:
    """Nor is what began cancelled."""
    off = workshop()
    off.cancel("Grève.")
    with pytest.raises(WrongStage, match="annulé"):
        off.change({"seats": 9})
    with pytest.raises(WrongStage, match="a commencé"):
        begun(workshop()).change({"seats": 9})
    with pytest.raises(WrongStage, match="a commencé"):
        begun(workshop()).cancel("Trop tard.")


def test_reminder_is_recorded_once_and_only_to_who_has_a_seat() -> None:
    """Not before it is due, and not again by a second process that looks."""
    it = workshop(seats=1)
    register(it, 1, 2)
    it.remind(now())
    assert told(it, events.WorkshopDue) == []
    due_at = it.remind_at
    it.remind(due_at)
    it.remind(due_at)
    assert [event.registration_id for event in told(it, events.WorkshopDue)] == [
        None,
        it.registrations.all[0].id,
    ]
    assert it.remind_at == NEVER


def test_reminder_follows_the_start_and_comes_not_after_it() -> None:
    """One that is announced for tomorrow needs none."""
    it = workshop()
    starts_at = it.starts_at + WEEK
    it.remind(it.remind_at)
    it.change({"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)})
    assert it.remind_at == starts_at - timedelta(days=1)
    soon = now() + timedelta(hours=20)
    assert workshop(starts_at=soon, ends_at=soon + timedelta(hours=1)).remind_at == NEVER
    late = begun(it)
    late.remind(late.remind_at)
    assert (late.remind_at, told(late, events.WorkshopDue)) == (NEVER, [])


def test_attendance_is_noted_and_corrected_once_it_began() -> None:
    """Who came is of those who registered; the same count is told once."""
    it = workshop(project_ids=("prj_1",))
    one, two = register(it, 1, 2)
    with pytest.raises(WrongStage, match="pas encore"):
        it.hold(1, ())
    it = begun(it)
    it.hold(3, (one.id,))
    it.hold(3, (two.id,))
    it.hold(4, (one.id,))
    assert [event.attendance for event in told(it, events.WorkshopHeld)] == [3, 4]
    assert [found.came for found in it.registrations.all] == [True, False]
    with pytest.raises(Invalid) as refused:
        it.hold(4, ("reg_ghost",))
    assert refused.value.field == "came"


def test_material_is_added_after_it_and_told_to_who_had_a_seat() -> None:
    """The same address again changes its title alone; there is a bound."""
    it = workshop(seats=1)
    register(it, 1, 2)
    with pytest.raises(WrongStage, match="pas encore"):
        it.add_material(Material(title="Trop tôt", url="https://a.example"))
    it = begun(it)
    it.add_material(Material(title="Diapositives", url="https://a.example"))
    it.add_material(Material(title="Les diapositives", url="https://a.example"))
    assert [one.title for one in it.materials] == ["Les diapositives"]
    assert [event.registration_id for event in told(it, events.MaterialAdded)] == [
        None,
        it.registrations.all[0].id,
    ]
    it.remove_material("https://a.example")
    it.remove_material("https://a.example")
    assert it.materials == ()
    for number in range(MOST_MATERIALS):
        it.add_material(Material(title="Plus", url=f"https://a.example/{number}"))
    with pytest.raises(WrongStage, match="au plus"):
        it.add_material(Material(title="Trop", url="https://b.example"))


def test_no_event_says_who_registered() -> None:
    """Neither name nor address, nor secret, of anybody, in any of them."""
    it = workshop(seats=1)
    register(it, 1, 2, 3)
    it.change({"place": "Rouen"})
    it.remind(it.remind_at)
    it.give_up(it.registrations.all[0].id)
    it = begun(it)
    it.add_material(Material(title="Diapositives", url="https://a.example"))
    it.hold(1, ())
    said = repr([event.model_dump() for event in it.recorded()])
    assert MARK not in said
    assert "ville.example" not in said
    assert "proof" not in said


@pytest.mark.parametrize("known_as", ["mbr_1", "acc_1"])
def test_erased_person_is_forgotten_and_the_seat_goes_to_another(known_as: str) -> None:
    """Of others everything is kept; who is erased of a past workshop is told to nobody."""
    it = workshop(seats=1)
    it.register(person(1, member_id="mbr_1", account_id="acc_1"), "a")
    register(it, 2)
    past = begun(it)
    it.forget(known_as)
    assert [(one.person.mail, one.state) for one in it.registrations.all] == [
        ("p2@ville.example", "taken")
    ]
    assert [len(told(it, cls)) for cls in (events.SeatGivenUp, events.SeatTaken)] == [1, 2]
    assert it.known_as == []
    past.forget(known_as)
    assert (len(past.registrations.all), past.recorded()) == (1, [])


def test_names_are_forgotten_some_weeks_after_the_end() -> None:
    """Not a moment before; how many came is kept."""
    it = workshop()
    register(it, 1)
    it = begun(it)
    it.hold(1, ())
    it.forget_all(it.ends_at + timedelta(days=27))
    assert len(it.registrations.all) == 1
    it.forget_all(it.ends_at + timedelta(days=28))
    assert not it.registrations.all
    assert (it.forget_at, it.attendance) == (NEVER, 1)


def test_who_registers_and_leaves_again_and_again_fills_no_document() -> None:
    """What counts no more is remembered for a while only; what counts is kept."""
    it = workshop()
    (first,) = register(it, 1)
    for _ in range(520):
        it.give_up(it.register(person(2), "proof").id)
        it.register(person(1), "guess")
    assert len(it.registrations.all) < 1020
    assert it.registrations.counted == (first,)
    with pytest.raises(NotFound):
        it.registration("reg_ghost")


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
    assert workshop(host_id="mbr_host").shows_who_registered_to(caller) is sees
    assert workshop().shows_who_registered_to(caller) is caller.is_staff


def test_workshop_of_before_is_read_as_it_was_saved() -> None:
    """A round trip through a document changes nothing."""
    it = workshop()
    register(it, 1, 2, 3)
    assert saved(it) == Workshop.model_validate(it.model_dump())
    assert LONG_AGO < it.changed_at < NEVER
    assert all(isinstance(event, Event) for event in it.recorded())


def test_link_of_what_does_not_take_place_is_shown_to_nobody() -> None:
    """Neither to the staff nor to who had a seat."""
    it, staff = workshop(link="https://visio.example/a"), Caller("lab", frozenset({"operator"}))
    (one,) = register(it, 1)

    def links() -> set[str]:
        seat = RegistrationView.of_seat(it, it.registration(one.id))
        return {ShownWorkshop.shown_to(it, staff, "").link, seat.link}

    assert links() == {"https://visio.example/a"}
    it.cancel("Grève.")
    assert links() == {""}
