"""Data that served a delivered project is advised to projects alike, while that may be known."""

from collections.abc import Mapping
from typing import Any

from shared.aggregate import new_id
from tests.integration.catalog.lab import Lab, delivered, submitted
from tests.integration.catalog.test_leaving import erase, words_of

ABOUT = {
    "title": "Mesurer l'humidité des greniers",
    "description": "Relevés des greniers humides du bocage.",
    "theme": "patrimoine bâti",
    "keywords": ("humidité", "grenier"),
    "territory": ("14",),
}
ALIKE: dict[str, Any] = {
    "title": "Nos greniers prennent l'humidité",
    "problem": "Quels greniers seront les plus humides cet hiver ?",
    "theme": "autre chose",
}


def served(lab: Lab, *read: str, holder_id: str = "mbr_h", **about: Any) -> str:
    """The result of a delivered project that read these datasets."""
    event = delivered(lab, *read, holder_id=holder_id)
    return lab.result_of(event.model_copy(update={**ABOUT, **about}))


def advised(lab: Lab, **changes: Any) -> Mapping[str, Mapping[str, Any]]:
    """What another project about damp attics is told, by dataset."""
    project = submitted(**{"holder_id": new_id("mbr"), **ALIKE, **changes})
    lab.publish(project)
    event = lab.wait_for("datasets_matched", project_id=project.project_id)
    return {match["dataset_id"]: match for match in event["matches"]}


def test_data_that_served_a_project_alike_is_advised_with_that_reason(lab: Lab) -> None:
    """Though it has no word of the new project; not to one of another place or subject.

    What a restricted result was made of is told to nobody but its owner, and those whose data
    went in.
    """
    rain = lab.published("mbr_o", title="Pluviométrie", territory=["14"])
    secret = lab.published("mbr_r", title="Registre", access="restricted")
    result, closed = served(lab, rain), served(lab, secret, holder_id="mbr_h")
    match = advised(lab)[rain]
    assert match["precedent"] == {"dataset_id": result, "title": ABOUT["title"]}
    [reason] = [reason for reason in match["reasons"] if "A servi" in reason]
    assert reason.startswith(f"A servi au projet « {ABOUT['title']} », livré le ")
    assert reason.endswith(" et proche du vôtre : greniers, humidité, humides.")
    assert rain not in advised(lab, territory=("76",))
    assert rain not in advised(lab, title="Les bus", problem="Où vont-ils ?")
    assert secret not in advised(lab)
    assert advised(lab, holder_id="mbr_h")[secret]["precedent"]["dataset_id"] == closed


def test_data_and_results_that_are_retired_are_not_advised(lab: Lab) -> None:
    """Neither as data, nor as what it served.

    An erased project is named nowhere, nor in what other projects were advised before.
    """
    kept, gone = (lab.published("mbr_o", title=title) for title in ("Sondages", "Forages"))
    first = served(lab, kept, gone)
    assert {kept, gone} <= advised(lab).keys()
    retire(lab, gone, "mbr_o")
    assert {kept, gone} & advised(lab).keys() == {kept}
    retire(lab, first, "mbr_h")
    assert kept not in advised(lab)
    member, title = new_id("mbr"), "Greniers humides de Clotilde"
    served(lab, kept, holder_id=member, title=title)
    assert title in str(advised(lab)[kept]["reasons"])
    erase(lab, member)
    assert title not in words_of(lab)
    assert kept not in advised(lab)


def retire(lab: Lab, dataset_id: str, owner_id: str) -> None:
    """Let its owner retire a dataset."""
    token, body = lab.token(owner_id, "owner"), {"reason": "Remplacé."}
    answer = lab.call("POST", f"/datasets/{dataset_id}/retirement", token, json=body)
    assert answer.status == 200, answer.data
    lab.wait_for("dataset_retired", dataset_id=dataset_id)
