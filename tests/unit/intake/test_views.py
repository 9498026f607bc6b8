"""What callers are shown."""

from services.intake.model import Project
from services.intake.views import ProjectView
from tests.unit.intake import samples


def test_a_view_shows_no_machinery() -> None:
    """Outbox, handled events and bookkeeping stay inside."""
    project = samples.project()
    samples.check_inputs(project)
    fields = ProjectView.of(project).model_dump()
    machinery = {"outbox", "handled", "trial_due", "retry_due", "told"}
    machinery |= {"reviewed", "review_asked", "tried"}
    hidden = machinery | {"secured_ids", "opened_for", "parts", "reviews"}
    assert set(Project.model_fields) - set(fields) == hidden
    assert "owners" not in fields["checks"][0]
    assert fields["history"][0]["why"] == "Projet déposé."
