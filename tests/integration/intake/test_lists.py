"""Projects and members are found by who they are for, by stage and by words, page by page."""

from typing import Any
from uuid import uuid4

from tests.integration.intake.lab import REVIEWER, Lab, bring


def ids(lab: Lab, query: str, who: tuple[str, ...]) -> list[str]:
    """The projects of a list, in its order."""
    return [one["id"] for one in lab.done("GET", f"/projects?{query}", who=who)["items"]]


def test_projects_of_a_member_are_those_that_it_holds_and_takes_part_in(lab: Lab) -> None:
    """The newest first where that is asked for; others' stay unseen, whatever is asked."""
    expert = lab.member(name="Experte")
    who = (expert, "holder")
    own = lab.submit_as(who)
    taken = bring(lab, lab.submit(), "trialled")
    lab.done("POST", f"/projects/{taken}/pilot-site", {"site_id": expert}, who=REVIEWER)
    lab.submit()
    assert ids(lab, "mine=true&newest=true", who) == [taken, own]
    assert ids(lab, "mine=true&stage=trialled", who) == [taken]
    assert ids(lab, "mine=true&waiting=true", who) == [taken]
    assert ids(lab, "for_staff=true", who) == []
    [asked] = lab.done("GET", "/projects?waiting=true", who=who)["items"]
    assert (asked["id"], asked["act"]) == (taken, "part")
    first = lab.done("GET", "/projects?mine=true&newest=true&limit=1&counted=true", who=who)
    assert ([one["id"] for one in first["items"]], first["total"]) == ([taken], 2)
    rest = f"mine=true&newest=true&limit=1&after={first['next']}"
    assert ids(lab, rest, who) == [own]
    lab.answer(taken, expert)
    assert ids(lab, "waiting=true", who) == []
    assert set(ids(lab, "mine=true", who)) == {taken, own}


def test_projects_that_wait_for_the_staff_are_one_list(lab: Lab) -> None:
    """To be reviewed, or gone on with; its own are for others."""
    own = lab.submit_as((REVIEWER[0], "holder"))
    bring(lab, own, "advised")
    advised = bring(lab, lab.submit(), "advised")
    trialled = bring(lab, lab.submit(), "trialled")
    lab.submit()
    found = lab.done("GET", "/projects?waiting=true&newest=true&limit=100", who=REVIEWER)["items"]
    acts = {one["id"]: one["act"] for one in found}
    assert {one: acts.get(one) for one in (own, advised, trialled)} == {
        own: None,
        advised: "review",
        trialled: "staff",
    }


def test_words_that_are_typed_find_projects_and_members(lab: Lab) -> None:
    """By what their words begin with, all of them, without accents; nothing else is found."""
    word = f"z{uuid4().hex[:8]}"
    project_id = lab.submit(title=f"Écoles de {word}")
    for typed, is_found in (
        (f"{word[:6]}", True),
        (f"ecole+{word}", True),
        (f"ÉCOLES+{word}", True),
        (f"piscine+{word}", False),
        (f"q{word}", False),
    ):
        assert (ids(lab, f"q={typed}", REVIEWER) == [project_id]) == is_found, typed
    member = lab.member(name=f"Syndicat {word}", skills=["Cartographie"])

    def members(typed: str) -> list[Any]:
        return [one["id"] for one in lab.done("GET", f"/members?q={typed}")["items"]]

    assert members(word[:5]) == members(f"cartographie+{word}") == [member]
    assert members(f"{word}+statistique") == []
    changed = {"skills": ["Statistique"], "territory": ["Caen"]}
    lab.done("PATCH", f"/members/{member}", changed, who=("mbr_op", "operator"))
    assert members(f"{word}+statistique") == [member]
    shown = lab.done("GET", f"/members/{member}")
    assert (shown["skills"], shown["territory"]) == (["Statistique"], ["14118"])
    by_skill = lab.done("GET", "/members?skill=statistique&limit=100")["items"]
    assert member in [one["id"] for one in by_skill]
