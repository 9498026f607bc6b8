"""Requests that fail: each answer names the fault, and nothing is changed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

from shared.aggregate import new_id
from shared.events import InputsChecked, TreatmentChecked
from tests.integration.intake.lab import HOLDER, OWNER, PROJECT, REVIEWER, SECURE, Lab, bring
from tests.servers import eventually

OTHER = ("mbr_other", "holder")
OPERATOR = ("mbr_operator", "operator")
DELIVERY = {"job_id": "job_1", "title": "T", "description": "D", "licence": "lov2"}
STEPS = [{"application": "aggregate", "inputs": {"table": "epci"}, "output": "counted"}]
COMMANDS: dict[str, dict[str, Any]] = {
    "treatment": PROJECT["treatment"],
    "review": {**SECURE, "version": 1},
    "pilot-site": {"site_id": "mbr_1"},
    "team": {"team": ["mbr_1"]},
    "delivery": DELIVERY,
    "withdraw": {"reason": "Non."},
}


def test_what_is_refused_says_why_and_changes_nothing(lab: Lab) -> None:
    """422 naming the field, 403 the role, 409 the stage, and 401 before all of them."""
    project_id, member, registered = lab.submit(), lab.member(), len(lab.documents("members"))
    project, before = f"/projects/{project_id}", _state(lab, project_id)
    requests: list[tuple[int, str, str, Any, tuple[str, ...], str]] = [
        (422, "POST", "/projects", {**PROJECT, "title": ""}, HOLDER, "title"),
        (422, "POST", f"{project}/review", SECURE, REVIEWER, "version"),
        (422, "POST", f"{project}/treatment", {"inputs": {}, "steps": []}, HOLDER, "inputs"),
        (422, "POST", "/members", {"name": "X", "kind": "king"}, REVIEWER, "kind"),
        (422, "GET", "/projects?stage=over", None, HOLDER, "stage"),
        (422, "GET", "/projects?colour=1", None, HOLDER, "colour"),
        *((403, "POST", "/projects", PROJECT, who, "porteur") for who in (OWNER, REVIEWER)),
        (403, "POST", "/members", {"name": "Moi", "kind": "company"}, HOLDER, "relecteur"),
        *(
            (403, "POST", f"{project}/{command}", COMMANDS[command], HOLDER, "relecteur")
            for command in ("review", "pilot-site", "team")
        ),
        (409, "POST", f"{project}/review", COMMANDS["review"], REVIEWER, "« déposé »"),
        (409, "POST", f"{project}/pilot-site", {"site_id": member}, REVIEWER, "« déposé »"),
        (409, "POST", f"{project}/team", {"team": [member]}, REVIEWER, "« déposé »"),
        (409, "POST", f"{project}/delivery", DELIVERY, REVIEWER, "« déposé »"),
    ]
    projects = len(lab.documents("projects"))
    for status, method, path, body, who, words in requests:
        problem = lab.refused(status, method, path, body, who=who)
        assert words in (problem["field"] if status == 422 else problem["detail"]), path
    for header in ({"Authorization": ""}, {"Authorization": "Bearer nonsense"}):
        problem = lab.refused(401, "GET", "/projects/prj_unknown", headers=header)
        assert "jeton" in problem["detail"]
    assert _state(lab, project_id) == before
    assert len(lab.documents("projects")) == projects
    assert len(lab.documents("members")) == registered


def test_another_holders_project_is_answered_like_an_unknown_one(lab: Lab) -> None:
    """404 with the same words, so that nobody learns which ids are in use."""
    project_id = lab.submit()
    before = _state(lab, project_id)
    for command, body in {"": None, **COMMANDS}.items():
        method, tail = ("POST", f"/{command}") if command else ("GET", "")
        unknown = lab.refused(404, method, f"/projects/prj_unknown{tail}", body, who=REVIEWER)
        assert "prj_unknown" in unknown["detail"]
        if command in {"review", "pilot-site", "team"}:
            continue
        theirs = lab.refused(404, method, f"/projects/{project_id}{tail}", body, who=OTHER)
        unknown = lab.refused(404, method, f"/projects/prj_unknown{tail}", body, who=OTHER)
        assert theirs["detail"].replace(project_id, "prj_unknown") == unknown["detail"]
    assert _state(lab, project_id) == before


def test_nobody_reviews_their_own_case_nor_their_organisation_s(lab: Lab) -> None:
    """403, by the SIREN of members as the lab registered them, or an operator noted it later.

    Staff reads what a decision rested on, with its evidence; its holder does not.
    """
    owner, holder = lab.member(siren="732829320"), lab.member(siren="217602176")
    colleague, partner = lab.member(siren="732829320"), lab.member()
    project_id = lab.submit_as((holder, "holder"))
    bring(lab, project_id, "advised")
    lab.tell_owners(project_id, owner, holder)
    member = f"/members/{partner}"
    lab.refused(403, "PATCH", member, {"siren": "217602176"}, who=REVIEWER)
    wrong = lab.refused(422, "PATCH", member, {"siren": "217602177"}, who=OPERATOR)
    assert wrong["field"] == "siren"
    assert lab.done("PATCH", member, {"siren": "217602176"}, who=OPERATOR)["siren"] == "217602176"
    path = f"/projects/{project_id}/review"
    fields = {"seen": "Ce que <b>le dossier</b> disait.", "conditions": ["Sans publier."]}
    for decision in ("secure", "reject"):
        review = lab.seen(project_id, decision=decision)
        for member_id in (owner, holder, colleague, partner):
            problem = lab.refused(403, "POST", path, review, who=(member_id, "reviewer"))
            assert "un autre relecteur" in problem["detail"]
    assert "SIREN 217602176" in lab.done("GET", path, who=(partner, "reviewer"))["impediment"]
    assert lab.done("GET", path, who=REVIEWER)["impediment"] == ""
    lab.done("POST", path, lab.seen(project_id) | fields, who=REVIEWER)
    [decision_view] = lab.done("GET", path, who=REVIEWER)["decisions"]
    assert {name: decision_view[name] for name in fields} == fields
    project = lab.done("GET", f"/projects/{project_id}", who=(holder, "holder"))
    assert (project["stage"], project["conditions"]) == ("secured", ["Sans publier."])
    assert owner not in str(project)
    lab.refused(403, "GET", path, who=(holder, "holder"))
    lab.refused(404, "GET", "/projects/prj_nothing/review", who=REVIEWER)
    with lab.rpc() as intake:
        assert intake.change_member_siren(partner, "")["siren"] == ""


def test_nothing_is_secured_before_the_catalogue_said_whose_data_it_reads(lab: Lab) -> None:
    """409, which says to try again; as soon as it is told, the review goes through."""
    project_id = bring(lab, lab.submit(treatment=None), "advised")
    path = f"/projects/{project_id}"
    problem = lab.refused(409, "POST", f"{path}/review", lab.seen(project_id), who=REVIEWER)
    assert "pas encore de traitement" in problem["detail"]
    lab.done("POST", f"{path}/treatment", PROJECT["treatment"])
    for _ in range(2):
        problem = lab.refused(409, "POST", f"{path}/review", lab.seen(project_id), who=REVIEWER)
        assert "à qui sont les données ; réessayez dans un instant" in problem["detail"]
        lab.publish_and_wait(InputsChecked(project_id=project_id, proposal=9), sequence=9)
    assert lab.secure(project_id)["stage"] == "secured"


def test_a_choice_that_a_new_treatment_leaves_open_is_written_out(lab: Lab) -> None:
    """With the project and with another treatment; what is sent again with its key is the same."""
    key = {"Idempotency-Key": new_id("key")}
    first, again = (lab.done("POST", "/projects", PROJECT, headers=key) for _ in range(2))
    assert first["id"] == again["id"]
    other = lab.done("POST", f"/projects/{first['id']}/treatment", PROJECT["treatment"])
    for project in (first, other):
        parameters = project["treatment"]["steps"][0]["parameters"]
        assert parameters == {"left_key": "com", "right_key": "code", "many_to_many": "refused"}


def test_treatment_takes_the_place_of_the_one_that_was_read(lab: Lab) -> None:
    """Of two who read the same one, the second is told, and overwrites nothing."""
    project_id = lab.submit()
    path, read = f"/projects/{project_id}", {**PROJECT["treatment"], "instead_of": 1}
    assert lab.done("GET", path)["proposal"] == 1
    assert lab.done("POST", f"{path}/treatment", read)["proposal"] == 2
    refusal = lab.refused(409, "POST", f"{path}/treatment", read)
    assert "le traitement a changé depuis que vous l'avez lu" in refusal["detail"]
    assert lab.done("GET", path)["proposal"] == 2
    assert lab.done("POST", f"{path}/treatment", {**read, "instead_of": 2})["proposal"] == 3


def test_a_treatment_that_cannot_run_is_shown_and_not_secured(lab: Lab) -> None:
    """No owner is asked for a project that leads nowhere; another treatment is checked anew."""
    project_id = bring(lab, lab.submit(), "advised")
    path, fault = f"/projects/{project_id}", "steps.0.parameters.counts: doit nommer une colonne"
    lab.publish_and_wait(TreatmentChecked(project_id=project_id, proposal=1, fault=fault), times=2)
    project = lab.done("GET", path)
    assert [(check["by"], check["faults"]) for check in project["checks"]] == [("compute", [fault])]
    assert fault in project["history"][-1]["why"]
    review = lab.seen(project_id)
    assert fault in lab.refused(409, "POST", f"{path}/review", review, who=REVIEWER)["detail"]
    assert lab.done("POST", f"{path}/treatment", PROJECT["treatment"])["checks"] == []
    eventually(lambda: lab.topics(project_id)[-1] == "treatment_proposed")
    assert lab.told_of(project_id)[-1]["data"]["proposal"] == 2
    lab.publish_and_wait(TreatmentChecked(project_id=project_id, proposal=2), sequence=2)
    project = lab.secure(project_id)
    assert (project["stage"], project["history"][-1]["why"]) == ("secured", SECURE["reason"])


def test_a_review_of_an_older_version_secures_nothing(lab: Lab) -> None:
    """The holder set another treatment while the reviewer read: nobody reviewed that one."""
    project_id = bring(lab, lab.submit(), "advised")
    path = f"/projects/{project_id}"
    read = lab.done("GET", path, who=REVIEWER)
    lab.done("POST", f"{path}/treatment", {**PROJECT["treatment"], "steps": STEPS})
    lab.tell_owners(project_id)
    about_it = {**SECURE, "version": read["version"]}
    problem = lab.refused(409, "POST", f"{path}/review", about_it, who=REVIEWER)
    assert "relisez-le" in problem["detail"]
    now = lab.done("GET", path, who=REVIEWER)
    assert (now["stage"], now["version"] > read["version"]) == ("advised", True)
    about_it["version"] = now["version"]
    assert lab.done("POST", f"{path}/review", about_it, who=REVIEWER)["stage"] == "secured"


def test_of_two_reviews_at_once_one_wins(lab: Lab) -> None:
    """Both read the same version: whoever is later hears that the project has changed."""
    project_id = bring(lab, lab.submit(), "advised")
    lab.tell_owners(project_id)
    path, together = f"/projects/{project_id}/review", Barrier(2)

    def review(decision: str) -> int:
        body = lab.seen(project_id, decision=decision)
        together.wait()
        return lab.call("POST", path, body, who=REVIEWER).status

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(review, ("secure", "reject")))
    assert sorted(statuses) == [200, 409]
    won = "project_secured" if statuses[0] == 200 else "project_rejected"
    eventually(lambda: lab.topics(project_id)[-1] == won, what=won)
    assert len(lab.topics(project_id)) == 3


def test_pilot_site_team_and_delivery_name_what_exists(lab: Lab) -> None:
    """422 naming the field: unknown members and jobs of which nothing is known."""
    project_id = lab.submit()
    path = f"/projects/{project_id}"
    bring(lab, project_id, "trialled")
    site = lab.refused(422, "POST", f"{path}/pilot-site", {"site_id": "mbr_x"}, who=REVIEWER)
    assert (site["field"], lab.stage(project_id)) == ("site_id", "trialled")
    lab.pilot(project_id, lab.member())
    body = {"team": [lab.member(), "mbr_x"]}
    team = lab.refused(422, "POST", f"{path}/team", body, who=REVIEWER)
    assert (team["field"], lab.stage(project_id)) == ("team.1", "piloted")
    lab.staff(project_id, lab.member())
    assert lab.refused(422, "POST", f"{path}/delivery", DELIVERY)["field"] == "job_id"
    assert lab.stage(project_id) == "staffed"


def test_holders_list_their_own_projects_page_by_page(lab: Lab) -> None:
    """By age; another holder's are not among them, whatever is asked for; the lab sees all."""
    mine = ("mbr_lister", "holder")
    ids = [lab.done("POST", "/projects", PROJECT, who=mine)["id"] for _ in range(3)]
    lab.submit()
    first = lab.done("GET", "/projects?limit=2&holder_id=mbr_holder", who=mine)
    rest = lab.done("GET", f"/projects?limit=2&after={first['next']}", who=mine)
    assert [item["id"] for item in first["items"] + rest["items"]] == sorted(ids)
    assert rest["next"] is None
    asked = lab.done("GET", "/projects?holder_id=mbr_lister&stage=submitted", who=REVIEWER)
    assert [item["id"] for item in asked["items"]] == sorted(ids)
    assert lab.done("GET", "/projects?stage=delivered", who=mine)["items"] == []


def test_members_are_found_by_skill_and_territory(lab: Lab) -> None:
    """A commune finds those there and those of the whole department."""
    caen = lab.member(skills=["Géomatique"], territory=["76540"])
    seine = lab.member(skills=["geomatique"], territory=["76"])
    dieppe = lab.member(skills=["géomatique"], territory=["76217"], siren="217602176")

    def found(query: str) -> list[str]:
        items = lab.done("GET", f"/members?{query}")["items"]
        return sorted(item["id"] for item in items)

    assert found("skill=G%C3%89OMATIQUE") == sorted([caen, seine, dieppe])
    assert found("skill=geomatique&territory=76540") == sorted([caen, seine])
    assert found("territory=76") == sorted([caen, seine, dieppe])
    assert lab.done("GET", f"/members/{caen}")["territory"] == ["76540"]
    assert lab.done("GET", f"/members/{dieppe}")["siren"] == "217602176"
    lab.refused(404, "GET", "/members/mbr_unknown")


def _only_state(document: dict[str, Any]) -> dict[str, Any]:
    """A document without what the relay clears once events are published."""
    relayed = {"outbox", "has_outbox", "outbox_since"}
    return {key: value for key, value in document.items() if key not in relayed}


def _state(lab: Lab, project_id: str) -> dict[str, Any]:
    (document,) = lab.documents("projects", _id=project_id)
    return _only_state(document)


def ids(lab: Lab, query: str, who: tuple[str, ...]) -> list[str]:
    """The projects of a list, in its order."""
    return [project["id"] for project in lab.done("GET", f"/projects?{query}", who=who)["items"]]


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
    assert ([project["id"] for project in first["items"]], first["total"]) == ([taken], 2)
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
    projects = lab.done("GET", "/projects?waiting=true&newest=true&limit=100", who=REVIEWER)[
        "items"
    ]
    acts = {project["id"]: project["act"] for project in projects}
    assert {project_id: acts.get(project_id) for project_id in (own, advised, trialled)} == {
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
        return [member["id"] for member in lab.done("GET", f"/members?q={typed}")["items"]]

    assert members(word[:5]) == members(f"cartographie+{word}") == [member]
    assert members(f"{word}+statistique") == []
    changed = {"skills": ["Statistique"], "territory": ["Caen"]}
    lab.done("PATCH", f"/members/{member}", changed, who=("mbr_op", "operator"))
    assert members(f"{word}+statistique") == [member]
    member_view = lab.done("GET", f"/members/{member}")
    assert (member_view["skills"], member_view["territory"]) == (["Statistique"], ["14118"])
    by_skill = lab.done("GET", "/members?skill=statistique&limit=100")["items"]
    assert member in [member["id"] for member in by_skill]
