"""Own code is looked at before a project is saved with it."""

from typing import Any, cast

import pytest

from services.intake.submission import check_code
from shared.errors import Invalid, Unavailable
from shared.events.event import Treatment
from shared.messaging.client import ServiceProxy
from tests.unit.intake import samples


class Compute:
    """A compute service that answers so, or does not answer."""

    def __init__(self, answer: Exception | None) -> None:
        self.answer, self.asked = answer, 0

    def check_code(self, _treatment: dict[str, Any], member_id: str) -> list[dict[str, str]]:
        """Raise the answer, or say why it was not tried."""
        self.asked += 1
        if self.answer:
            raise self.answer
        return [{"message": f"Les données ne sont pas à {member_id}."}] * 2


def test_own_code_is_looked_at_before_it_is_saved() -> None:
    """By compute, which names the line; nothing waits for one that is away, or for other steps."""
    code = {"application": "python", "inputs": {"t": "t"}, "output": "r", "parameters": {}}
    own = Treatment.model_validate({"inputs": {"t": "dts_1"}, "steps": [code]})
    wrong = Compute(Invalid("ligne 2 : ce n'est pas du Python valide", "steps.0.parameters.code"))
    with pytest.raises(Invalid, match="ligne 2") as refused:
        check_code(cast(ServiceProxy, wrong), own, "mbr_1", "treatment.")
    assert refused.value.field == "treatment.steps.0.parameters.code"
    away, unasked = Compute(Unavailable("no answer")), Compute(None)
    (fault,) = check_code(cast(ServiceProxy, away), own, "mbr_1")
    assert "le service de calcul ne répond pas" in fault
    assert check_code(cast(ServiceProxy, unasked), samples.treatment(), "mbr_1") == ()
    assert (away.asked, unasked.asked) == (1, 0)
    untried = check_code(cast(ServiceProxy, Compute(None)), own, "mbr_1")
    assert untried == ("Les données ne sont pas à mbr_1.",)
