"""A crossing is judged before it runs, by HTTP and by RPC."""

from tests.integration.catalog.lab import Lab, problem_of


def test_licence_of_a_crossing_is_judged_over_its_datasets(lab: Lab) -> None:
    """Open database beside open licence: the result is an open database, and both are named."""
    homes = lab.published("mbr_20", title="Logements", licence="Licence Ouverte 2.0")
    fields = {"producer": "La région", "modified": "2024-05-02"}
    stops = lab.published("mbr_21", title="Arrêts", licence="ODbL", **fields)
    token = lab.token("mbr_22", "holder")
    licence = lab.get(f"/crossing?dataset_id={homes}&dataset_id={stops}", token)["licence"]
    assert (licence["licence"], licence["conflict"]) == ("odc-odbl", None)
    assert "« Arrêts », La région, mis à jour le 02/05/2024," in licence["attribution"]
    assert (
        "« Logements », producteur non précisé, date de mise à jour non précisée,"
        in (licence["attribution"])
    )
    with lab.rpc() as catalog:
        answer = catalog.judge_crossing([homes, stops])
    assert answer["licence"] == licence


def test_unknown_licence_leaves_the_decision_to_the_producer(lab: Lab) -> None:
    """The result stays in the sandbox until somebody has decided."""
    homes = lab.published("mbr_23", licence="sur demande", producer="La ville")
    licence = lab.get(f"/crossing?dataset_id={homes}", lab.token("mbr_23", "owner"))["licence"]
    assert licence["licence"] is None
    assert licence["conflict"]["decided_by"] == "La ville"


def test_verdicts_of_the_inputs_are_shown_and_the_result_s_is_announced(lab: Lab) -> None:
    """What was screened and what was not; only the trial knows what the crossing itself tells."""
    homes = lab.published("mbr_22", "commune")
    token = lab.token("mbr_23", "owner")
    answer = lab.get(f"/crossing?dataset_id={homes}", token)
    unknown = {"verdict": None, "k": None, "is_safe": None, "said": ""}
    assert answer["privacy"] == [{"dataset_id": homes, **unknown}]
    assert "après l'essai" in answer["privacy_notice"]


def test_crossing_of_what_the_caller_may_not_know_is_404(lab: Lab) -> None:
    """A dataset that is still being read is nobody's but its owner's."""
    hidden = lab.upload("mbr_24")
    stranger = lab.token("mbr_25", "holder")
    problem_of(lab.call("GET", f"/crossing?dataset_id={hidden}", stranger), 404)
    assert "dataset_id" in problem_of(lab.call("GET", "/crossing", stranger), 422)
