"""What a review may secure, and who agreed to it already."""

import pytest

from services.intake.records import Check, Guidance
from services.intake.reviewing import check_treatment
from shared.aggregate import now
from shared.errors import WrongStage
from tests.unit.intake import samples

RUNS = Check(by="compute", at=now())
READ = Check(by="catalog", at=now(), owners=(samples.OWNER,))


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
