"""What callers are shown."""

from services.intake.model import Project
from services.intake.views import ProjectView
from tests.unit.intake import made


def test_a_view_shows_no_machinery() -> None:
    """Outbox, handled events and bookkeeping stay inside."""
    shown = ProjectView.of(made.project()).model_dump()
    hidden = {"outbox", "handled", "trial_due", "secured_ids", "data_opened", "proposal"}
    assert set(Project.model_fields) - set(shown) == hidden
    assert shown["history"][0]["why"] == "Projet déposé."
