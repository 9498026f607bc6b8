"""What a review may secure, and who agreed to it already."""

import pytest

from services.intake.records import Check, Guidance
from services.intake.reviewing import Decision, ReviewDecision, Reviews, check_treatment, unchecked
from shared.aggregate import now
from shared.errors import WrongStage
from tests.unit.intake import samples

RUNS = Check(by="compute", at=now())
READ = Check(by="catalog", at=now(), owners=(samples.OWNER,))


def test_treatment_whose_owners_are_known_is_secured() -> None:
    """Compute's word is not waited for, but that it is missing is told."""
    treatment = samples.treatment()
    assert (
        check_treatment(treatment, (READ,)) == check_treatment(treatment, (RUNS, READ)) == treatment
    )
    assert (unchecked((READ,)), unchecked((RUNS, READ))) == (
        "Non encore vérifié par le calcul.",
        "",
    )


@pytest.mark.parametrize(
    ("checks", "why"),
    [
        ((RUNS,), "pas encore dit à qui sont les données"),
        ((), "pas encore dit à qui sont les données"),
        ((READ, RUNS.model_copy(update={"faults": ("Colonne absente.",)})), "Colonne absente."),
        ((READ.model_copy(update={"faults": ("Jeu retiré.",)}),), "Jeu retiré."),
    ],
)
def test_nothing_is_secured_that_leads_nowhere(checks: tuple[Check, ...], why: str) -> None:
    """Nobody is asked for data in vain."""
    with pytest.raises(WrongStage, match=why):
        check_treatment(samples.treatment(), checks)


def test_nothing_is_secured_without_a_treatment() -> None:
    """Whatever was checked before."""
    with pytest.raises(WrongStage, match="pas encore de traitement"):
        check_treatment(None, (RUNS, READ))


@pytest.mark.parametrize(
    ("decision", "proposal", "account_id", "others"),
    [
        ("secure", 2, "acc_1", {"acc_1": True, "acc_2": False, "": True}),
        ("secure", 2, "", {"acc_1": True, "acc_2": True, "": True}),
        ("secure", 1, "acc_1", dict.fromkeys(("acc_1", "acc_2", ""), False)),
        ("complete", 2, "acc_1", dict.fromkeys(("acc_1", "acc_2", ""), False)),
    ],
)
def test_persons_of_a_member_are_told_apart_where_both_have_an_account(
    decision: ReviewDecision, proposal: int, account_id: str, others: dict[str, bool]
) -> None:
    """Who agreed to this treatment, in the number of which; another member never did."""
    about = {"by": samples.REVIEWER, "account_id": account_id, "reason": "Oui."}
    review_decision = Decision.model_validate({**about, "decision": decision, "proposal": proposal})
    reviews = Reviews(decisions=(review_decision,))
    agreement_by_member = {
        other: reviews.has_agreed(2, samples.REVIEWER, other) for other in others
    }
    assert agreement_by_member == others
    assert not any(reviews.has_agreed(2, samples.HOLDER, other) for other in others)


def test_reviewers_are_not_called_to_what_waits_for_its_holder() -> None:
    """Nor to what is not advised; later nothing is to be reviewed any more."""
    lacking, asked = samples.project(treatment=None), samples.project_at("advised")
    lacking.advise(Guidance())
    samples.review(asked, "complete")
    due = {project.unready_for_review for project in (samples.project(), lacking, asked)}
    assert due == {
        "le projet n'est pas encore éclairé",
        "le projet attend son porteur : dire ce qu'il faut faire des données",
        "le projet attend son porteur : répondre au relecteur",
    }
    ready = [samples.project_at(stage) for stage in ("advised", "secured", "staffed")]
    assert {project.unready_for_review for project in ready} == {""}
