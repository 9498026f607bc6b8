"""What a caller may do with a dataset now: the commands refuse the rest by the same checks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from services.catalog.datasets.model import Dataset
from shared.auth import Caller, Role
from shared.errors import Forbidden, LabError

Action = Literal["answer", "change", "download", "end", "read_uses"]
"""`change` is all that its owner decides about it, `answer` what the staff does to that."""

OWNERS: frozenset[Role] = frozenset({"owner", "holder"})
ENDERS: frozenset[Role] = OWNERS | {"operator"}
_NEEDED_ROLES: Mapping[Action, frozenset[Role]] = {"change": OWNERS, "end": ENDERS}


def check_changeable(dataset: Dataset, member_id: str, what: str) -> None:
    """Raise Forbidden, or NotFound, for all but the owner, who alone does `what`; WrongStage after.

    That is once it was retired or deleted.
    """
    dataset.check_owner(member_id, what)
    if dataset.retirement:
        dataset.check_present()


def check_answerable(dataset: Dataset, caller: Caller) -> None:
    """Raise Forbidden for who may not say whether data is personal, WrongStage once it ended."""
    if not caller.is_staff or caller.member_id in dataset.insiders:
        raise Forbidden(
            "une déclaration est confirmée ou refusée par un agent du Datalab, qui n'est ni"
            " propriétaire de ces données ni de celles dont elles sont faites"
        )
    if dataset.retirement:
        dataset.check_present()


def check_endable(dataset: Dataset, caller: Caller) -> None:
    """Raise Forbidden, or NotFound, for anybody but the owner and operators."""
    if "operator" not in caller.roles:
        dataset.check_owner(caller.member_id, "le retire ou le supprime")


def check_uses_readable(dataset: Dataset, caller: Caller) -> None:
    """Raise Forbidden for anybody but its owners and the staff."""
    if not caller.may_see(*dataset.insiders):
        raise Forbidden("seuls les propriétaires d'un jeu de données voient qui s'en est servi")


def actions_of(dataset: Dataset, caller: Caller) -> tuple[Action, ...]:
    """What a caller may do with the dataset as it is; what is sent with it is not looked at."""
    checks: dict[Action, Callable[[], object]] = {
        "answer": partial(check_answerable, dataset, caller),
        "change": partial(check_changeable, dataset, caller.member_id, ""),
        "download": partial(dataset.check_downloadable, caller),
        "end": partial(check_endable, dataset, caller),
        "read_uses": partial(check_uses_readable, dataset, caller),
    }
    return tuple(
        action
        for action, check in checks.items()
        if (action not in _NEEDED_ROLES or caller.roles & _NEEDED_ROLES[action]) and _passes(check)
    )


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except LabError:
        return False
    return True
