"""Members of the lab."""

from shared.events import MemberJoined
from tests.unit.intake import samples


def test_joining_is_told_and_makes_a_member_findable() -> None:
    """Skills are searched folded, territory by department too."""
    territory = ("14118", "14", "2A004")
    member = samples.member(
        "mbr_1", skills=("Santé", "santé"), territory=territory, siren="732829320"
    )
    assert member.skill_keys == ("sante",)
    assert member.departments == ("14", "2A")
    assert member.recorded() == [
        MemberJoined(
            member_id="mbr_1",
            name="mbr_1",
            kind="company",
            skills=("Santé", "santé"),
            territory=territory,
            siren="732829320",
        )
    ]
