"""The members that a project is advised to meet, against real documents."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from services.intake.guidance import advise
from services.intake.members.commands import candidates
from services.intake.members.model import Member
from shared.store import PAGE_LIMIT, Store
from tests.unit.intake import made


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_intake")
    opened.prepare((Member,))
    yield opened
    opened.close()


def test_the_newest_member_is_advised_however_many_came_before(store: Store) -> None:
    """More than a page of older ones share one of its skills, and its department."""
    members = store.of(Member)
    for number in range(PAGE_LIMIT + 1):
        shared = {"skills": ("géomatique",), "territory": ("76540",)}
        members.save(made.member(f"mbr_{number:03}", **shared))
    fields = {"kind": "local_authority", "territory": ("76",)}
    members.save(made.member("mbr_newest", skills=("Géomatique", "droit"), **fields))
    project = made.project(skills=("geomatique", "droit"), territory=("76",))
    found = list(candidates(store, project))
    assert len(found) == PAGE_LIMIT + 2
    guidance = advise(project, [], found)
    assert guidance.experts[0].member_id == "mbr_newest"
    assert guidance.pilot_sites[0].member_id == "mbr_newest"


def test_members_are_found_by_what_means_the_same(store: Store) -> None:
    """Also those who joined when skills were kept as they were written."""
    members = store.of(Member)
    members.save(made.member("mbr_new", skills=("Méthodes agiles",)))
    before = made.member("mbr_before", skills=("Scrum",))
    before.skill_keys = ("scrum",)
    members.save(before)
    members.save(made.member("mbr_other", skills=("gestion de données",)))
    found = candidates(store, made.project(skills=("méthode agile",), territory=()))
    assert {member.id for member in found} == {"mbr_new", "mbr_before"}
