"""What is read of a project and its members takes few queries, however many they are."""

from services.intake.commands import actions_for, read
from services.intake.members.commands import check_members, parties_to
from services.intake.members.model import Member
from services.intake.model import Project
from shared.auth import Caller
from tests.document_queries import counted
from tests.unit.intake import samples


def test_members_are_read_together(mongodb_uri: str) -> None:
    """Those who are asked to work on a project, and the parties to it."""
    with counted(mongodb_uri) as (store, queries):
        for member_id in (samples.HOLDER, *samples.TEAM):
            store.of(Member).save(samples.member(member_id))
        queries.asked = 0
        check_members(store, {f"team.{at}": member for at, member in enumerate(samples.TEAM)})
        assert queries.asked == 1
        parties = parties_to(store, samples.project(), samples.TEAM[0])
        assert parties.keys() == {samples.HOLDER, samples.TEAM[0]}
        assert queries.asked == 1 + 1


def test_a_holder_reads_a_project_by_two_queries(mongodb_uri: str) -> None:
    """One for the project, one for whether the holder left, before it may do anything."""
    with counted(mongodb_uri) as (store, queries):
        project = store.of(Project).save(samples.project().submit())
        holder, queries.asked = Caller(samples.HOLDER, frozenset({"holder"})), 0
        assert actions_for(store, holder, read(store, holder, project.id))
        assert queries.asked == 1 + 1
