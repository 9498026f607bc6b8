"""What callers are shown."""

from services.intake.model import Project
from services.intake.views import ProjectView
from tests.unit.intake import made


def test_a_view_shows_no_machinery() -> None:
    """Outbox, handled events and bookkeeping stay inside."""
    it = made.project()
    made.check_inputs(it)
    shown = ProjectView.of(it).model_dump()
    machinery = {"outbox", "handled", "trial_due", "retry_due", "told"}
    machinery |= {"reviewed", "review_asked", "tried"}
    hidden = machinery | {"secured_ids", "opened_for", "parts", "reviews"}
    assert set(Project.model_fields) - set(shown) == hidden
    assert "owners" not in shown["checks"][0]
    assert shown["history"][0]["why"] == "Projet déposé."
