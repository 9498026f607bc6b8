"""What intake keeps for a time only: the texts of projects that ended."""

from services.intake.model import Project
from services.intake.retention import policies
from shared.settings import load_settings
from tests.integration.intake.conftest import SPEC
from tests.integration.intake.lab import HOLDER, REVIEWER, Lab
from tests.servers import running


def test_ended_project_keeps_its_stages_and_dates(lab: Lab) -> None:
    """One that goes on is not looked at."""
    ended, running = lab.submit(), lab.submit()
    lab.done("POST", f"/projects/{ended}/withdraw", {"reason": "Plus de budget."})
    with lab.store() as store:
        (policy,) = policies(store, load_settings({**lab.environ, "DATALAB_HTTP_PORT": "1"}))
        things = {thing.thing_id: thing for thing in policy.things()}
        assert running not in things
        since = store.of(Project).get(ended).history[-1].at
        assert things[ended].since == since
        assert policy.erase(running, since, "").erased == {}
        assert policy.erase(ended, since, "").erased == {"projets": 1}
        assert policy.erase(ended, since, "").erased == {}
    project = lab.done("GET", f"/projects/{ended}", who=REVIEWER)
    assert (project["title"], project["problem"]) == ("[effacé]", "[effacé]")
    assert [entry["stage"] for entry in project["history"]] == ["submitted", "withdrawn"]


def test_holder_is_told_before_the_texts_of_its_project_go(lab: Lab) -> None:
    """A process with a rule announces and erases; the others serve as before."""
    ended = lab.submit()
    lab.done("POST", f"/projects/{ended}/withdraw", {"reason": "Plus de budget."})
    rule = {
        "DATALAB_RETENTION_PROJECTS_DAYS": "0.00001",
        "DATALAB_RETENTION_NOTICE_DAYS": "0.00001",
    }
    with running(SPEC, {**lab.environ, **rule}):
        event = lab.wait_for("intake_retention_announced", project_id=ended)
        assert event["member_id"] == HOLDER[0]
        assert "GET /projects/" in event["text"]
        applied = lab.wait_for("intake_retention_applied", project_id=ended)
    assert applied["counts"] == [{"kind": "projets", "count": 1}]
    assert lab.done("GET", f"/projects/{ended}", who=REVIEWER)["title"] == "[effacé]"
    assert len(lab.events("intake_retention_announced", project_id=ended)) == 1
