"""An owner mends what is said of a dataset, and what its profile proposes to mend in it."""

from typing import Any
from uuid import uuid4

from shared.engine.tables.manifest import Column, Meaning
from tests.integration.catalog.lab import Lab, problem_of


def edit(lab: Lab, dataset_id: str, member_id: str, role: str = "owner", **changes: Any) -> Any:
    """The answer to a change."""
    path, token = f"/datasets/{dataset_id}", lab.token(member_id, role)
    return lab.call("PATCH", path, token, json=changes)


def test_described_dataset_is_found_by_its_new_words(lab: Lab) -> None:
    """What was not sent stays, its quality follows, and the event says what changed."""
    word, theme = f"mot{uuid4().hex}", f"thème {uuid4().hex}"
    dataset_id = lab.published("mbr_d1", "commune", theme=theme, licence="lov2")
    before = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_d1", "owner"))
    keywords = [word, "b", "c"]
    after = edit(lab, dataset_id, "mbr_d1", keywords=keywords, frequency="annual").json()
    assert (after["keywords"], after["frequency"]) == (keywords, "ANNUAL")
    assert (after["theme"], after["title"]) == (theme, before["title"])
    assert after["quality"] > before["quality"]
    event = lab.wait_for("dataset_described", dataset_id=dataset_id)
    assert (event["owner_id"], event["changed"]) == ("mbr_d1", ["keywords", "frequency"])
    datasets = lab.get(f"/datasets?q={word}", lab.token("mbr_z", "holder"))["items"]
    assert [dataset["id"] for dataset in datasets] == [dataset_id]


def test_wrong_description_names_the_field(lab: Lab) -> None:
    """As at an upload."""
    html = [{"name": "a", "description": "<p>a</p>"}]
    wrong: dict[str, Any] = {"title": "", "owner_id": "mbr_2", "columns": html}
    for field, value in wrong.items():
        assert field in problem_of(edit(lab, "dts_x", "mbr_1", **{field: value}), 422)


def test_only_the_owner_describes(lab: Lab) -> None:
    """To others a pending dataset is unknown, a published one somebody else's."""
    pending, published = lab.upload("mbr_d3"), lab.published("mbr_d3")
    assert edit(lab, pending, "mbr_d3", title="Avant lecture").status == 200
    problem_of(edit(lab, pending, "mbr_d4", title="x"), 404)
    problem_of(edit(lab, published, "mbr_d4", title="x"), 403)
    problem_of(edit(lab, published, "mbr_d3", "reviewer", title="x"), 403)


def test_columns_are_described_by_their_data_dictionary(lab: Lab) -> None:
    """Kept from the upload on, shown beside each column, over RPC too, and told by the event."""
    fields = [{"name": "ht_hc", "description": "part des logements vacants"}]
    dataset_id = lab.upload("mbr_d5", uuid4().bytes, columns=fields)
    vacant = Column(name="ht_hc", kind="decimal", filled=3, distinct=3)
    lab.ingest(dataset_id, 1, "commune", others=(vacant,))
    path, anybody = f"/datasets/{dataset_id}", lab.token("mbr_z", "holder")

    def beside() -> dict[str, str]:
        columns = lab.get(path, anybody)["versions"][0]["profile"]["columns"]
        return {column["name"]: column["description"] for column in columns}

    assert beside()["ht_hc"] == "part des logements vacants"
    wrong = edit(lab, dataset_id, "mbr_d5", columns=[{"name": "ht_h", "description": "x"}])
    problem = problem_of(wrong, 422)
    assert "columns.0.name" in problem
    assert "vouliez-vous dire « ht_hc » ?" in wrong.json()["detail"]
    with lab.rpc() as catalog:
        columns = [fields[0] | {"description": "taux"}]
        view = catalog.describe_dataset(dataset_id, "mbr_d5", {"columns": columns})
    assert view["columns"] == columns
    assert beside()["ht_hc"] == "taux"
    assert lab.wait_for("dataset_described", dataset_id=dataset_id)["changed"] == ["columns"]
    assert "columns" not in lab.get("/datasets?owner_id=mbr_d5", anybody)["items"][0]


LOST = Column(
    name="com",
    kind="integer",
    filled=1,
    distinct=1,
    meaning=Meaning(type="commune", confidence=1.0, valid=0.0, repair="leading_zero"),
)
WANTED = {"column": "com", "repair": "leading_zero"}
ACCEPTED = {**WANTED, "type": "commune"}


def profiled(lab: Lab, owner_id: str) -> str:
    """The id of a published dataset whose communes lost their zeros."""
    dataset_id = lab.upload(owner_id)
    lab.ingest(dataset_id, 1, "siren", others=(LOST,))
    return dataset_id


def accept(lab: Lab, dataset_id: str, member_id: str, **changed: object) -> Any:
    """The answer to an owner who accepts the repair."""
    path, token = f"/datasets/{dataset_id}/repairs", lab.token(member_id, "owner")
    return lab.call("POST", path, token, json=WANTED | changed)


def test_accepted_repair_makes_another_version_of_the_same_file_once(lab: Lab) -> None:
    """Compute is told what to mend, and the next upload is mended too."""
    dataset_id = profiled(lab, "mbr_r1")
    answers = [accept(lab, dataset_id, "mbr_r1") for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    first, second = answers[1].json()["versions"]
    assert second["accepted_repairs"] == [ACCEPTED]
    assert (second["file"], second["state"]) == (first["file"], "pending")
    told = lab.wait_for("dataset_registered", dataset_id=dataset_id, version=2)
    assert told["accepted_repairs"] == [ACCEPTED]
    path, token = f"/datasets/{dataset_id}/versions", lab.token("mbr_r1", "owner")
    assert len(lab.post_file(path, token, {}).json()["versions"]) == 2
    lab.post_file(path, token, {}, b"com\n1054\n")
    told = lab.wait_for("dataset_registered", dataset_id=dataset_id, version=3)
    assert told["accepted_repairs"] == [ACCEPTED]


def test_repair_that_is_not_proposed_is_refused(lab: Lab) -> None:
    """The field is named, and there is no new version; nor may anybody but the owner.

    A stranger is told so of public data, and nothing of what is not public.
    """
    dataset_id, pending = profiled(lab, "mbr_r2"), lab.upload("mbr_r2")
    for changed, field in (
        ({"column": "siren"}, "repair"),
        ({"column": "nom"}, "column"),
        ({"repair": "upper_case"}, "repair"),
        ({"extra": 1}, "extra"),
    ):
        assert field in problem_of(accept(lab, dataset_id, "mbr_r2", **changed), 422)
    problem_of(accept(lab, dataset_id, "mbr_r4"), 403)
    problem_of(accept(lab, pending, "mbr_r4"), 404)
    problem_of(accept(lab, pending, "mbr_r2"), 409)
    reviewer = lab.token("mbr_r2", "reviewer")
    problem_of(lab.call("POST", f"/datasets/{dataset_id}/repairs", reviewer, json=WANTED), 403)
    assert len(lab.get(f"/datasets/{dataset_id}", lab.token("mbr_r2", "owner"))["versions"]) == 1
