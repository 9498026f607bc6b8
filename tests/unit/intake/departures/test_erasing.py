"""What is left of a project whose holder was erased."""

from services.intake.accesses import DatasetAccess
from services.intake.departures.erasing import redact_project
from services.intake.model import Project
from services.intake.reviewing import Decision
from tests.unit.intake import samples
from tests.unit.intake.samples import project

MARK = "Zénobie"


def test_erased_project_keeps_who_was_asked_for_which_part() -> None:
    """Its reasons, titles and treatment are gone; it can be read as before."""
    withdrawn_project = project(title=MARK, keywords=(MARK,), skills=(MARK,), theme=MARK)
    withdrawn_project.parts = withdrawn_project.parts.naming("team", ("mbr_a", "mbr_b"))
    withdrawn_project.parts = withdrawn_project.parts.answered(
        withdrawn_project.parts.of("mbr_b")[0], "decline", MARK
    )
    withdrawn_project.stage = "advised"
    samples.review(withdrawn_project, "complete", MARK, seen=MARK)
    withdrawn_project.complete(MARK, withdrawn_project.holder_id)
    withdrawn_project.reviews = withdrawn_project.reviews.decided(
        Decision(by="mbr_b", decision="secure", reason=MARK, proposal=1, conditions=(MARK,))
    )
    withdrawn_project.stage = "submitted"
    withdrawn_project.withdraw(MARK, withdrawn_project.holder_id)
    redact_project(withdrawn_project)
    left = Project.model_validate(withdrawn_project.model_dump())
    assert MARK not in repr(left.model_dump())
    assert (left.parts.asked, left.named) == ({"team": ("mbr_a", "mbr_b")}, ["mbr_a"])
    assert [entry.stage for entry in left.history] == [
        "submitted",
        "advised",
        "advised",
        "withdrawn",
    ]
    assert [question.asked_by for question in left.questions] == ["mbr_reviewer"]


def test_end_of_an_access_that_comes_after_the_erasure_brings_no_word_back() -> None:
    """Its member left, so its data was retired: the event of that may come last."""
    withdrawn_project = project(title=MARK)
    withdrawn_project.withdraw(MARK, withdrawn_project.holder_id)
    redact_project(withdrawn_project)
    late = DatasetAccess(dataset_id="dts_1", sequence=4, state="revoked", reason=MARK, title=MARK)
    withdrawn_project.note_access(late)
    assert MARK not in repr(withdrawn_project.model_dump())
    assert [(access.dataset_id, access.state) for access in withdrawn_project.accesses] == [
        ("dts_1", "revoked")
    ]
