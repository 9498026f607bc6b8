"""What is left of a project whose holder was erased."""

from services.intake.accesses import DatasetAccess
from services.intake.departures.erasing import redact_project
from services.intake.model import Project
from services.intake.reviewing import Decision
from tests.unit.intake import made
from tests.unit.intake.made import project

MARK = "Zénobie"


def test_erased_project_keeps_who_was_asked_for_which_part() -> None:
    """Its reasons, titles and treatment are gone; it can be read as before."""
    one = project(title=MARK, keywords=(MARK,), skills=(MARK,), theme=MARK)
    one.parts = one.parts.naming("team", ("mbr_a", "mbr_b"))
    one.parts = one.parts.answered(one.parts.of("mbr_b")[0], "decline", MARK)
    one.stage = "advised"
    made.review(one, "complete", MARK, seen=MARK)
    one.complete(MARK, one.holder_id)
    one.reviews = one.reviews.decided(
        Decision(by="mbr_b", decision="secure", reason=MARK, proposal=1, conditions=(MARK,))
    )
    one.stage = "submitted"
    one.withdraw(MARK, one.holder_id)
    redact_project(one)
    left = Project.model_validate(one.model_dump())
    assert MARK not in repr(left.model_dump())
    assert (left.parts.asked, left.named) == ({"team": ("mbr_a", "mbr_b")}, ["mbr_a"])
    assert [entry.stage for entry in left.history] == [
        "submitted",
        "advised",
        "advised",
        "withdrawn",
    ]
    assert [one.asked_by for one in left.questions] == ["mbr_reviewer"]


def test_end_of_an_access_that_comes_after_the_erasure_brings_no_word_back() -> None:
    """Its member left, so its data was retired: the event of that may come last."""
    one = project(title=MARK)
    one.withdraw(MARK, one.holder_id)
    redact_project(one)
    late = DatasetAccess(dataset_id="dts_1", sequence=4, state="revoked", reason=MARK, title=MARK)
    one.note_access(late)
    assert MARK not in repr(one.model_dump())
    assert [(access.dataset_id, access.state) for access in one.accesses] == [("dts_1", "revoked")]
