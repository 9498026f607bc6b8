"""What a caller may do with a project now: the commands refuse the rest by the same checks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from services.intake.model import Project
from shared.auth import Caller, Role, allowed
from shared.errors import WrongStage
from shared.events.event import Party

Action = Literal[
    "answer",
    "ask",
    "choose_site",
    "complete",
    "deliver",
    "form_team",
    "narrow",
    "reject",
    "secure",
    "treat",
    "withdraw",
]
"""A command on a project; the three decisions of a review are an action each."""

HOLDERS: frozenset[Role] = frozenset({"holder"})
STAFF: frozenset[Role] = frozenset({"reviewer", "operator"})
NEEDED_ROLES: Mapping[Action, frozenset[Role]] = {
    "ask": STAFF,
    "choose_site": STAFF,
    "complete": HOLDERS,
    "deliver": HOLDERS | STAFF,
    "form_team": STAFF,
    "narrow": HOLDERS | STAFF,
    "reject": STAFF,
    "secure": STAFF,
    "treat": HOLDERS | STAFF,
    "withdraw": HOLDERS | STAFF,
}
"""Which of them a caller needs; to answer an invitation none."""


def actions_of(
    caller: Caller, project: Project, parties: Mapping[str, Party]
) -> tuple[Action, ...]:
    """What a caller may do with the project as it is; what is sent with it is not looked at.

    `parties` are the members concerned, by id.
    """
    checks = _checks(caller, project, parties)
    if not caller.may_see(project.holder_id):
        checks = {"answer": checks["answer"]}
    return allowed(caller, checks, NEEDED_ROLES)


def _checks(
    caller: Caller, project: Project, parties: Mapping[str, Party]
) -> dict[Action, Callable[[], object]]:
    by = caller.member_id
    treat = partial(project.check_treatable, by, is_reviewer=caller.is_staff, parties=parties)
    decide = partial(project.check_decision, by=by, account_id=caller.account_id, parties=parties)

    def narrow() -> None:
        project.check_narrowable()
        treat()

    def deliver() -> None:
        if not project.deliverable:
            raise WrongStage

    return {
        "answer": partial(project.check_answerable, by),
        "ask": partial(decide, "complete"),
        "choose_site": partial(project.check_next, "piloted"),
        "complete": partial(project.check_completable, by),
        "deliver": deliver,
        "form_team": partial(project.check_next, "staffed"),
        "narrow": narrow,
        "reject": partial(decide, "reject"),
        "secure": partial(decide, "secure"),
        "treat": treat,
        "withdraw": partial(project.check_next, "withdrawn"),
    }
