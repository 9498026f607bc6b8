"""The members that a project is advised to meet, against real documents."""

from services.intake.matching.guidance import advise
from services.intake.members.commands import candidates, load_of
from services.intake.members.model import Member
from services.intake.model import Project
from shared.aggregate import now
from shared.events import DatasetsMatched
from shared.stages import Stage
from shared.store import PAGE_LIMIT, Store
from tests.unit.intake import samples


def test_the_newest_member_is_advised_however_many_came_before(store: Store) -> None:
    """More than a page of older ones share one of its skills, and its department."""
    members = store.of(Member)
    for number in range(PAGE_LIMIT + 1):
        shared = {"skills": ("géomatique",), "territory": ("76540",)}
        members.save(samples.member(f"mbr_{number:03}", **shared))
    fields = {"kind": "local_authority", "territory": ("76",)}
    members.save(samples.member("mbr_newest", skills=("Géomatique", "droit"), **fields))
    project = samples.project(skills=("geomatique", "droit"), territory=("76",))
    ranked_members = list(candidates(store))
    assert len(ranked_members) == PAGE_LIMIT + 2
    guidance = advise(project, DatasetsMatched(project_id="prj_1", matches=()), ranked_members)
    assert guidance.experts[0].member_id == "mbr_newest"
    assert guidance.pilot_sites[0].member_id == "mbr_newest"


def test_who_left_is_no_candidate(store: Store) -> None:
    """Nobody counts on it any more."""
    members = store.of(Member)
    members.save(samples.member("mbr_here"))
    gone = samples.member("mbr_gone")
    gone.leave(now())
    members.save(gone)
    assert [member.id for member in candidates(store)] == ["mbr_here"]


def test_load_counts_open_projects_with_a_part_in_them(store: Store) -> None:
    """Asked or accepted; what ended is no work any more."""
    projects = store.of(Project)
    stages: tuple[Stage, ...] = ("piloted", "piloted", "delivered")
    for number, stage in enumerate(stages):
        project = samples.project(id=f"prj_{number}")
        project.parts = project.parts.naming("team", ("mbr_a",))
        project.stage = stage
        projects.save(project)
    assert (load_of(store, "mbr_a"), load_of(store, "mbr_b")) == (2, 0)
