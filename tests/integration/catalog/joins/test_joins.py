"""The catalogue tells what a dataset can be joined with, to whom it may, also after a crash."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from shared.aggregate import new_id
from shared.events import ProjectWithdrawn, TreatmentProposed
from tests.integration.catalog.lab import CATALOG, Lab, problem_of, reading, submitted
from tests.integration.catalog.tables import csv, ingested, publish_table, publish_version
from tests.integration.compute.jobs import DEMO
from tests.servers import eventually, running


def fresh(count: int) -> list[str]:
    """Identifiers that no other test has; of one letter, or each 97th would pass for an IBAN."""
    start = uuid4().int % 10**12
    return [f"Z{start:012}-{n:03}" for n in range(count)]


def joins(
    lab: Lab, dataset_id: str, member: str = "mbr_z", query: str = "", other: str = ""
) -> list[Any]:
    """What a member sees of a dataset's joins, or of those with another one."""
    answer = lab.get(f"/datasets/{dataset_id}/joins{query}", lab.token(member, "holder"))
    return [join for join in answer["items"] if other in join["dataset_id"]]


def test_real_tables_are_joined_as_pandas_joins_them(lab: Lab) -> None:
    """Dwellings by commune and the communes of EPCI: matches, rows, and those that are alone.

    Eight codes of the census are gone: all are found by what they lead to, and it says so. Codes
    as they are come first, since they find nearly all of the rows.
    """
    homes = publish_table(lab, "mbr_1", DEMO / "logements.csv", title="Logements")
    epci = publish_table(lab, "mbr_2", DEMO / "epci_2026.csv", title="EPCI")
    left = pd.read_csv(DEMO / "logements.csv", sep=None, engine="python", dtype=str)
    right = pd.read_csv(DEMO / "epci_2026.csv", sep=";", dtype=str)
    entries = joins(lab, homes, query="?column=com", other=epci)
    (join,) = [entry for entry in entries if not entry["via_here"] and not entry["via_there"]]
    common = set(left["com"]) & set(right["code"])
    alone = set(left["com"]) - set(right["code"])
    assert (join["columns_here"], join["columns_there"]) == (["com"], ["code"])
    assert (join["key"], join["matches"]) == ("commune", len(common))
    assert join["containment"] == len(common) / left["com"].nunique()
    assert join["rows_joined"] == len(left.merge(right, left_on="com", right_on="code"))
    assert join["multiplication"] == "many_to_one"
    assert len(join["unmatched_here"]) == 3
    assert set(join["unmatched_here"]) <= alone
    assert set(join["unmatched_there"]) <= set(right["code"]) - set(left["com"])
    values = f"{len(common)} des {left['com'].nunique()} valeurs de « com »"
    assert join["reason"].startswith(values)
    by_code = [entry for entry in entries if entry["columns_there"] == ["code"]]
    assert [(entry["via_here"], entry["matches"], entry["cost"]) for entry in by_code] == [
        ("", 2643, []),
        ("commune", 2644, ["loses detail"]),
    ]
    led = "« com » passe par « commune » (des clés différentes se confondent)"
    assert led in by_code[1]["reason"]
    by_iris = joins(lab, homes, query="?column=iris", other=epci)
    (entry,) = [entry for entry in by_iris if entry["columns_there"] == ["code"]]
    assert (entry["via_here"], entry["multiplication"]) == ("iris_commune", "many_to_one")


def test_share_of_rows_is_told_beside_that_of_values(lab: Lab) -> None:
    """Most values meet, and few rows do: those without a value count as well."""
    common, others = fresh(6), fresh(4)
    rows = [f"{value};x" for value in (*common, *others * 6, "", "", "")]
    here = publish_table(lab, "mbr_1", csv("ref;mot", rows))
    publish_table(lab, "mbr_2", csv("code", common))
    (join,) = joins(lab, here)
    assert (join["containment"], join["share_of_rows"]) == (0.6, 6 / 33)
    assert "6 des 10 valeurs de « ref »" in join["reason"]
    assert "soit 6 des 33 lignes (18,2 %) ;" in join["reason"]


def test_ten_values_find_every_table_that_has_one_of_them(lab: Lab) -> None:
    """Page by page, each join once, and the best first; a wrong question names the parameter."""
    values = fresh(10)
    others = [
        publish_table(lab, "mbr_1", csv("code", [*values[: n + 1], *fresh(5)])) for n in range(4)
    ][::-1]
    small = publish_table(lab, "mbr_2", csv("ref;note", [f"{value};a" for value in values]))
    path, token = f"/datasets/{small}/joins?limit=3", lab.token("mbr_z", "holder")
    pages = lab.pages(path, token)
    assert [[entry["dataset_id"] for entry in page] for page in pages] == [others[:3], others[3:]]
    half = joins(lab, small, query="?containment=0.4")
    assert [entry["dataset_id"] for entry in half] == others[:1]
    for query, field in (
        ("after=x", "after"),
        ("containment=2", "containment"),
        ("column=reef", "column"),
    ):
        refused = lab.call("GET", f"{path}&{query}", token)
        assert json.loads(problem_of(refused, 422))["field"] == field
    assert joins(lab, small, query="?column=note") == []
    waiting = lab.upload("mbr_w")
    problem_of(lab.call("GET", f"/datasets/{waiting}/joins", token), 404)
    assert joins(lab, waiting, "mbr_w") == []


def test_values_of_restricted_data_are_shown_to_nobody_else(lab: Lab) -> None:
    """Rounded counts are, and examples only where one may read both sides."""
    values = fresh(10)
    secret = publish_table(
        lab, "mbr_s", csv("code", values[2:]), access="restricted", joins_shown=True
    )
    public = publish_table(lab, "mbr_p", csv("code", values[:8]))

    def seen(dataset_id: str, member: str) -> tuple[Any, ...]:
        (join,) = joins(lab, dataset_id, member)
        examples = join["unmatched_here"], join["unmatched_there"]
        return join["matches"], join["rows_joined"], join["is_rounded"], *examples

    assert seen(public, "mbr_s") == (6, 6, False, values[:2], values[8:])
    assert seen(secret, "mbr_s") == (6, 6, False, values[8:], values[:2])
    for dataset_id, member in ((public, "mbr_p"), (secret, "mbr_p"), (public, "mbr_z")):
        assert seen(dataset_id, member) == (5, 5, True, None, None)
    (hidden,) = joins(lab, secret, "mbr_p")
    assert (hidden["containment"], hidden["contained"]) == (None, 5 / 8)
    assert hidden["reason"].startswith("Au moins 5 valeurs de « code » sont dans")
    assert joins(lab, secret, "mbr_p", "?containment=0.7") == []
    (join_entries,) = joins(lab, public, "mbr_p")
    assert join_entries["containment"] == 5 / 8
    assert join_entries["reason"].startswith("Au moins 5 des 8 valeurs")
    answer = lab.call("GET", f"/datasets/{secret}/joins", lab.token("mbr_z", "holder"))
    assert not [value for value in values if value.encode() in answer.data]


def test_nobody_tests_whether_restricted_data_has_a_value(lab: Lab) -> None:
    """Neither by joins, from either end, nor by search, nor by what is told of a new dataset."""
    values = fresh(12)
    secret = publish_table(lab, "mbr_s", csv("code", values), access="restricted", joins_shown=True)
    probe = publish_table(lab, "mbr_p", csv("code", [values[0], *fresh(1)]))
    larger = publish_table(lab, "mbr_p", csv("code", [*values[:4], *fresh(1)]))
    many = publish_table(lab, "mbr_p", csv("code", values[2:]))

    def found(dataset_id: str, member: str) -> tuple[set[str], set[str]]:
        listed = {entry["dataset_id"] for entry in joins(lab, dataset_id, member)}
        path = f"/datasets?joinable_with={dataset_id}"
        hits = lab.get(path, lab.token(member, "holder"))["items"]
        return listed, {hit["id"] for hit in hits}

    assert found(probe, "mbr_p") == ({larger},) * 2
    assert found(larger, "mbr_p") == ({probe, many},) * 2
    assert found(secret, "mbr_p") == ({many},) * 2
    assert found(many, "mbr_p") == ({larger, secret},) * 2
    assert found(secret, "mbr_s") == ({probe, larger, many},) * 2
    lab.settled()
    assert lab.events("joins_discovered", published_id=probe) == []
    (fields,) = lab.events("joins_discovered", published_id=many)
    others = {join["dataset_id"]: join["matches"] for join in fields["joins"]}
    assert others == {larger: 2, secret: 10}


def sirens(count: int) -> list[str]:
    """Numbers with their check digit (Luhn), from those of 200 million on."""
    texts = []
    for number in range(20_000_000, 20_000_000 + count):
        digits = [int(digit) for digit in str(number)]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-1::-2]]
        texts.append(f"{number}{-(sum(doubled) + sum(digits[-2::-2])) % 10}")
    return texts


def test_identifiers_of_restricted_data_are_told_by_their_kind_alone(lab: Lab) -> None:
    """Twenty values in common or none: the same is told, until its owner lets more be told."""
    values = sirens(40)
    secret = publish_table(lab, "mbr_s", csv("siren", values[:20]), access="restricted")
    inside = publish_table(lab, "mbr_p", csv("siren", values[:20]))
    outside = publish_table(lab, "mbr_p", csv("siren", values[20:]))

    def told(dataset_id: str, other: str, member: str = "mbr_p") -> list[tuple[Any, ...]]:
        entries = joins(lab, dataset_id, member, other=other)
        return [(entry["key"], entry["matches"], entry["rows_joined"]) for entry in entries]

    for upload in (inside, outside):
        assert told(upload, secret) == told(secret, upload) == [("siren", None, None)]
        path = f"/datasets?joinable_with={upload}&limit=100"
        hits = lab.get(path, lab.token("mbr_p", "holder"))["items"]
        assert secret in {hit["id"] for hit in hits}
    (alike,) = joins(lab, inside, "mbr_p", other=secret)
    assert "sont des identifiants de même nature (siren)" in alike["reason"]
    assert told(inside, secret, "mbr_s") == [("siren", 20, 20)]
    lab.settled()
    assert secret not in str(lab.events("joins_discovered", published_id=inside))
    owner = lab.token("mbr_s", "owner")
    assert lab.call("PATCH", f"/datasets/{secret}", owner, json={"joins_shown": True}).status == 200
    assert told(inside, secret) == [("siren", 20, 20)]
    assert told(outside, secret) == []


def test_both_owners_are_told_once(lab: Lab) -> None:
    """Also when the publication comes twice; counts are told, no value."""
    values = fresh(5)
    old = publish_table(lab, "mbr_old", csv("code", values), title="Anciens")
    new = lab.upload("mbr_new", uuid4().bytes, title="Nouveaux")
    lab.publish(ingested(lab, new, csv("ref", values[:3])), times=2)
    event = lab.wait_for("joins_discovered", dataset_id=new)
    assert (event["owner_id"], event["member_ids"]) == ("mbr_new", ["mbr_old"])
    (join,) = event["joins"]
    assert (join["dataset_id"], join["title"], join["matches"]) == (old, "Anciens", 3)
    assert (join["containment"], join["contained"]) == (1.0, 0.6)
    assert not [value for value in values if value in str(event)]
    lab.settled()
    assert len(lab.events("joins_discovered", published_id=new)) == 1
    assert lab.events("joins_discovered", published_id=old) == []


def test_open_project_hears_of_what_fits_its_data(lab: Lab) -> None:
    """By its own dataset that joins, or what its treatment reads, whosever data that is.

    That is named with the project or in a treatment proposed later. Not once it has ended.
    """
    values = fresh(18)
    own, read, later = (
        publish_table(lab, owner, csv("code", values[at : at + 6]))
        for owner, at in (("mbr_h", 0), ("mbr_o", 6), ("mbr_o", 12))
    )
    about = {"title": "T", "problem": "?", "theme": "t-" + new_id("x"), "territory": ()}
    fields = {**about, "dataset_ids": (own,)}
    open_project, ended = (submitted(**fields, treatment=reading(a=read)), submitted(**fields))
    for project in (open_project, ended):
        lab.publish(project)
        lab.wait_for("datasets_matched", project_id=project.project_id)
    who: dict[str, Any] = {"project_id": open_project.project_id, "holder_id": "mbr_h"}
    lab.publish(TreatmentProposed(**who, proposal=2, treatment=reading(a=later)))
    end = {"decided_by": "mbr_h", "reason": "-", "holder_id": "mbr_h"}
    lab.publish(ProjectWithdrawn(project_id=ended.project_id, **end))
    for proposal in (1, 2):
        lab.wait_for("inputs_checked", project_id=open_project.project_id, proposal=proposal)
    lab.settled()
    for at, known in enumerate((own, read, later)):
        part = values[6 * at : 6 * at + 6]
        new = publish_table(lab, "mbr_new", csv("ref", part), title="Nouveau")
        event = lab.wait_for(
            "joins_discovered", project_id=open_project.project_id, published_id=new
        )
        assert (event["holder_id"], event["title"]) == ("mbr_h", "Nouveau")
        assert [join["dataset_id"] for join in event["joins"]] == [known]
    lab.settled()
    assert lab.events("joins_discovered", project_id=ended.project_id) == []


def test_workers_are_in_step_before_they_answer(lab: Lab) -> None:
    """A second process knows what the first published, and the other way round.

    That a new version no longer has what it had, too.
    """
    values = fresh(3)
    dataset_id = publish_table(lab, "mbr_1", csv("code", values))
    with running(CATALOG, lab.environ) as other:
        both = (lab, replace(lab, service=other))
        assert joins(both[1], dataset_id) == []
        second = publish_table(lab, "mbr_2", csv("code", values))
        for each in both:
            assert [join["dataset_id"] for join in joins(each, dataset_id)] == [second]
            assert [join["dataset_id"] for join in joins(each, second)] == [dataset_id]
        publish_version(lab, "mbr_1", dataset_id, csv("code", values[:1]))
        assert [[join["matches"] for join in joins(each, second)] for each in both] == [[1], [1]]


def test_lost_key_file_hides_one_dataset_only(lab: Lab) -> None:
    """The others are found, and an operator reads which one it is."""
    values = fresh(3)
    lost, one, two = (publish_table(lab, "mbr_1", csv("code", [*values, n])) for n in fresh(3))
    lab.settled()
    with lab.database() as database:
        document = database["datasets"].find_one({"_id": lost})
        assert document
        sha256 = document["versions"][0]["keys_file"]["sha256"]
    lab.service.kill()
    next(Path(lab.files.path("sha256")).glob(f"*/{sha256}")).unlink()
    lab.service.start()
    assert [join["dataset_id"] for join in joins(lab, one)] == [two]
    eventually(lambda: "a key file is left out" in lab.service.log())


def test_communes_and_departements_find_departements(lab: Lab) -> None:
    """As they are or by what they lead to; nobody is told unasked, since nearly all tables join."""
    there = publish_table(lab, "mbr_1", csv("departement", ["14", "27", "50", "61", "76", "75"]))
    codes = publish_table(lab, "mbr_2", csv("dep", ["14", "27", "50"]))
    communes = publish_table(lab, "mbr_3", csv("code_commune", ["14118", "76540", "76351"]))
    (plain,) = joins(lab, codes, other=there)
    assert (plain["key"], plain["via_here"], plain["matches"]) == ("departement", "", 3)
    (led,) = joins(lab, communes, other=there)
    assert (led["via_here"], led["matches"]) == ("commune_departement", 2)
    assert led["reason"].startswith("2 des 2 valeurs qu'atteint « code_commune » sont dans")
    lab.settled()
    dataset_ids = [
        join["dataset_id"]
        for new in (codes, communes)
        for event in lab.events("joins_discovered", published_id=new)
        for join in event["joins"]
    ]
    assert there not in dataset_ids
