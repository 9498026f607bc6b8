"""Documents as they were saved before, in a lab that runs the new code."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.intake.model import Project
from services.intake.upgrade import ProjectUpgrade
from shared.aggregate import NEVER, new_id
from shared.indexes.computed import complete_index
from shared.stages import Stage
from tests.integration.intake import lab as at
from tests.integration.intake.lab import Lab
from tests.servers import eventually
from tests.unit.intake import samples


def kept(lab: Lab, stage: Stage, **changed: Any) -> str:
    """A project's document as the code of before wrote it; its id."""
    project_id = new_id("prj")
    document = {**samples.as_before(samples.project_at(stage)), "_id": project_id, **changed}
    del document["id"]
    with lab.database() as database:
        database["projects"].insert_one(document | {"has_outbox": False, "outbox_since": NEVER})
    return project_id


def test_projects_of_before_are_told_once_whoever_looks_and_how_often(lab: Lab) -> None:
    """Four processes at once, and once more after them; each told by one event, and ended ones not.

    What the catalogue answers changes nothing for a project that had its data.
    """
    secured, staffed, advised, ended = (
        kept(lab, stage) for stage in ("secured", "staffed", "advised", "delivered")
    )
    with lab.store() as store, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ProjectUpgrade(store).sweep(), range(4)))
        ProjectUpgrade(store).sweep()
        assert not any(project.lacks_telling for project in store.of(Project).every())
    for project_id, topic in (
        (secured, "treatment_changed"),
        (staffed, "treatment_changed"),
        (advised, "treatment_proposed"),
    ):
        (event,) = (lab.wait_for(topic, project_id=project_id),)
        assert (event["proposal"], event["treatment"]["inputs"]["table_0"]) == (1, "dts_b")
        assert lab.topics(project_id) == [topic]
    assert lab.topics(ended) == []
    lab.publish_and_wait(at.access(staffed, 1), sequence=7)
    assert lab.topics(staffed) == ["treatment_changed"]
    assert lab.secure(advised)["stage"] == "secured"


def test_who_had_a_part_before_sees_the_project_and_is_asked_nothing(lab: Lab) -> None:
    """Site and team of the old rule count as accepted, in lists too once the lab is upgraded."""
    site = lab.member()
    project_id = kept(lab, "staffed", site_id=site)
    who = (site, "owner")
    project = lab.done("GET", f"/projects/{project_id}", who=who)
    assert (project["stage"], project["invitation"]["state"]) == ("staffed", "accepted")
    with lab.store() as store:
        ProjectUpgrade(store).sweep()
        complete_index(store, Project, new_id("index"))
    assert lab.done("GET", "/projects?mine=true&q=logement", who=who)["items"] != []
    listed = lab.done("GET", "/projects?named=true", who=who)["items"]
    assert [project["id"] for project in listed] == [project_id]
    eventually(lambda: lab.topics(project_id) == ["treatment_changed"])
