"""What a project's `may` lists is accepted, and what it leaves out is refused."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_args

import pytest
import urllib3

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from services.intake.permissions import Action
from shared.aggregate import new_id
from shared.stages import STAGES, Stage
from shared.store import Store
from tests.integration.intake.lab import PROJECT, Lab
from tests.unit.intake import samples

CHANGE = {"dataset_id": "dts_a", "title": "A", "before": ("x",), "after": ("y",)}
DELIVERY = {"job_id": "job_full", "title": "T", "description": "D", "licence": "lov2"}
CALLS: dict[Action, tuple[str, dict[str, Any]]] = {
    "answer": ("invitation", {"answer": "accept"}),
    "ask": ("review", {"decision": "complete", "reason": "Pourquoi ?"}),
    "choose_site": ("pilot-site", {"site_id": samples.SITE}),
    "complete": ("completion", {"answer": "Voilà."}),
    "deliver": ("delivery", DELIVERY),
    "form_team": ("team", {"team": list(samples.TEAM)}),
    "narrow": ("treatment/narrowing", {}),
    "reject": ("review", {"decision": "reject", "reason": "Non."}),
    "secure": ("review", {"decision": "secure", "reason": "Oui."}),
    "treat": ("treatment", PROJECT["treatment"]),
    "withdraw": ("withdraw", {"reason": "Plus de budget."}),
}
CONCERNED = (
    (samples.HOLDER, "holder"),
    (samples.REVIEWER, "reviewer"),
    (samples.SITE, "holder"),
    (samples.TEAM[0], "owner"),
)
OTHERS = (
    (samples.HOLDER, "owner"),
    (samples.HOLDER, "reviewer"),
    (samples.OWNER, "reviewer"),
    ("mbr_operator", "operator"),
    ("mbr_gone", "reviewer"),
    ("mbr_other", "holder"),
)
"""Who may do the same at every stage: nothing, or less than one of those who are concerned."""


def asked(project: Project) -> None:
    """The holder has a question to answer."""
    samples.review(project, "complete")


def faulty(project: Project) -> None:
    """Compute says that it cannot run."""
    project.note_fault(project.proposal, "colonne absente")


def without_treatment(project: Project) -> None:
    """The holder did not say yet what it wants."""
    project.treatment, project.checks = None, ()


def site_invited(project: Project) -> None:
    """Its answer is awaited."""
    project.choose_pilot_site(samples.SITE, samples.REVIEWER)


def site_declined(project: Project) -> None:
    """And it will not do it."""
    site_invited(project)
    project.answer_invitation(samples.SITE, "decline", "Travaux.")


def team_invited(project: Project) -> None:
    """One of two accepted."""
    project.form_team(samples.TEAM, samples.REVIEWER)
    project.answer_invitation(samples.TEAM[0], "accept")


def full_job(project: Project) -> None:
    """There is something to deliver."""
    project.note_result(samples.succeeded("full", "job_full"))


def amended(project: Project) -> None:
    """Its new treatment goes beyond what was reviewed."""
    project.set_treatment(samples.treatment("dts_a"), samples.HOLDER, is_reviewer=False)
    samples.check_inputs(project, changes=(CHANGE,), sequence=1)  # type: ignore[arg-type]


def partly_refused(project: Project) -> None:
    """An owner left a column out that no step needs."""
    assert project.treatment
    [counts] = project.treatment.steps
    counts = counts.model_copy(update={"parameters": {"by": ["com"], "rows": "n"}})
    project.treatment = project.treatment.model_copy(update={"steps": (counts,)})
    part = {"sequence": 1, "state": "refused", "refused_columns": ("nom",)}
    project.note_access(DatasetAccess(dataset_id="dts_a", **part))


Case: TypeAlias = Callable[[Project], None]
CASES: list[tuple[Stage, Case | None]] = [
    *((stage, None) for stage in STAGES),
    ("advised", asked),
    ("advised", faulty),
    ("advised", without_treatment),
    ("secured", partly_refused),
    ("trialled", site_invited),
    ("trialled", site_declined),
    ("piloted", team_invited),
    ("staffed", full_job),
    ("staffed", amended),
]

FOR_ALL = {
    ("advised", None),
    ("advised", asked),
    ("secured", partly_refused),
    ("trialled", None),
    ("trialled", site_invited),
    ("staffed", full_job),
    ("staffed", amended),
}
"""Where each action is somebody's: others than those who are concerned try it there, too."""


@pytest.fixture(scope="module")
def saved(lab: Lab) -> Iterator[Store]:
    """The documents of a lab with its members, one of whom left."""
    for member_id in (samples.SITE, *samples.TEAM, "mbr_gone"):
        lab.member(member_id=member_id, name=member_id)
    lab.done("POST", "/members/mbr_gone/departure", {}, who=("mbr_operator", "operator"))
    with lab.store() as store:
        yield store


def project_of(store: Store, stage: Stage, case: Case | None) -> Project:
    """A new project like that."""
    project = samples.project_at(stage)
    if case:
        case(project)
    new = samples.saved(project).model_copy(update={"id": new_id("prj"), "version": 0})
    return store.of(Project).add(new)


def test_every_action_is_tried() -> None:
    """A new one, too."""
    assert set(CALLS) == set(get_args(Action))


@pytest.mark.parametrize(
    ("stage", "case"), CASES, ids=lambda it: getattr(it, "__name__", it) or "plain"
)
def test_what_is_listed_is_accepted_and_the_rest_refused(
    lab: Lab, saved: Store, stage: Stage, case: Case | None
) -> None:
    """At every stage; the same once more, which changes nothing, need not be."""
    for who in (*CONCERNED, *(OTHERS if (stage, case) in FOR_ALL else ())):
        project = project_of(saved, stage, case)
        shown = lab.call("GET", f"/projects/{project.id}", who=who)
        listed = shown.json()["may"] if shown.status == 200 else []
        for action in CALLS:
            if action not in listed:
                answer = sent(lab, project, action, who)
                assert answer.status in {200, 403, 404, 409, 422}, (who, action)
                after = saved.of(Project).get(project.id)
                assert after.history == project.history, (who, action)
        for action in listed:
            answer = sent(lab, project_of(saved, stage, case), action, who)
            assert answer.status == 200, (who, action, answer.data)


def sent(
    lab: Lab, project: Project, action: Action, who: tuple[str, str]
) -> urllib3.BaseHTTPResponse:
    """What somebody is answered who does that, as the project was read."""
    path, body = CALLS[action]
    version = {"version": project.version} if path == "review" else {}
    return lab.call("POST", f"/projects/{project.id}/{path}", body | version, who=who)
