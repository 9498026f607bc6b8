"""Protected tables between the catalogue and whoever asks, over the broker and HTTP."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.protection.undecided import undecided_index
from shared import events
from shared.aggregate import new_id, now
from shared.engine.contract.policy import MadeTables, ReleasePolicy
from shared.engine.tables.manifest import Input, Manifest, Output
from shared.errors import Forbidden, Unavailable, WrongStage
from shared.events import FileRef, Step, Treatment
from shared.language.french import day_in_paris, french_date
from tests.integration.catalog.lab import CSV, Lab, delivered, problem_of
from tests.servers import eventually

POLICY: dict[str, Any] = {"dimensions": [{"column": "com", "levels": ["commune"]}]}
TABLES = "tableau;commune;nombre\ncommune;14118;12\n"
OWNER = "mbr_o"


def restricted(lab: Lab) -> str:
    """A restricted dataset that was read, by its path."""
    return f"/datasets/{lab.published(OWNER, 'commune', access='restricted', title='Aides')}"


def put(lab: Lab, path: str, policy: dict[str, Any] | None = None) -> Any:
    """Set the policy; what the owner is answered."""
    token = lab.token(OWNER, "owner")
    return lab.call("PUT", f"{path}/release-policy", token, json=policy or POLICY)


def made(
    lab: Lab, path: str, version: int = 1, policy: dict[str, Any] | None = None
) -> events.JobSucceeded:
    """The end of the job that made the tables of that version by the policy."""
    dataset_id = path.removeprefix("/datasets/")
    tables = MadeTables(
        policy=ReleasePolicy.model_validate(policy or POLICY), tables=("ensemble", "commune"),
        most_at_once=1, cells=2, shown=2, has_repeated_units=False,
    )  # fmt: skip
    read = Input(name="source", dataset_id=dataset_id, version=version, sha256="a" * 64)
    manifest = Manifest(
        job_id=new_id("job"),
        kind="protect",
        inputs=(read,),
        outputs=(Output(name="tableaux.csv", file=lab.files.put([TABLES.encode()], "text/csv")),),
        reports=({"summary": "", "made": tables.model_dump(mode="json")},),
        started=now(),
        ended=now(),
    )
    about_it = {"job_id": manifest.job_id, "kind": "protect", "dataset_id": dataset_id}
    return events.JobSucceeded(**about_it, result=lab.put(manifest), seconds=0.1)


def state(lab: Lab, path: str) -> Any:
    """What the owner sees of its policy."""
    return lab.get(f"{path}/release-policy", lab.token(OWNER, "owner"))


def agree(lab: Lab, path: str, **edition: int) -> Any:
    """Agree to the tables of the first policy, or to that edition; what the owner is answered."""
    token = lab.token(OWNER, "owner")
    body = {"number": 1, **edition}
    return lab.call("POST", f"{path}/release-policy/agreement", token, json=body)


def seen(lab: Lab, policy: dict[str, Any]) -> str:
    """The path of a dataset whose tables by that policy its owner can see."""
    path = restricted(lab)
    assert put(lab, path, policy).status == 202
    lab.publish(made(lab, path, policy=policy), times=2)
    eventually(lambda: state(lab, path)["latest"], what="tables to see")
    return path


def agreed(lab: Lab, policy: dict[str, Any] = POLICY) -> tuple[str, str]:
    """The path of a dataset, and of that of its tables, which everybody reads."""
    path = seen(lab, policy)
    answer = agree(lab, path)
    assert answer.status == 200
    tables_id = answer.json()["tables_id"]
    lab.wait_for("dataset_registered", dataset_id=tables_id)
    lab.ingest(tables_id, 1, "commune")
    eventually(lambda: state(lab, path)["published"], what="published tables")
    return path, f"/datasets/{tables_id}"


def test_policy_with_a_slip_of_the_pen_is_refused(lab: Lab) -> None:
    """A cap that is not read as one would be none."""
    measure = {"column": "aide", "plafond": 100}
    problem = problem_of(put(lab, restricted(lab), POLICY | {"measures": [measure]}), 422)
    assert "measures.0.plafond" in problem


def test_policy_with_too_few_units_is_refused(lab: Lab) -> None:
    """At its field; eleven are needed of what may be persons."""
    problem = json.loads(problem_of(put(lab, restricted(lab), POLICY | {"minimum_units": 10}), 422))
    assert (problem["field"], "11 unités" in problem["detail"]) == ("minimum_units", True)


def test_policy_is_its_owner_s_and_of_restricted_data(lab: Lab) -> None:
    """Others are told so; of open data it makes no sense."""
    path, other = restricted(lab), lab.token("mbr_z", "owner")
    problem_of(lab.call("PUT", f"{path}/release-policy", other, json=POLICY), 403)
    problem_of(lab.call("GET", f"{path}/release-policy", other), 404)
    problem_of(put(lab, f"/datasets/{lab.published(OWNER, 'commune')}"), 409)


def undecided(lab: Lab, member_id: str, role: str = "owner") -> list[str]:
    """The paths of what the member is asked to say what may be shown of."""
    answer = lab.get("/datasets-without-policy?limit=100", lab.token(member_id, role))
    return [f"/datasets/{dataset['dataset_id']}" for dataset in answer["items"]]


def test_owner_is_asked_of_each_restricted_table_until_it_answers(lab: Lab) -> None:
    """By a policy, or by a word that there is to be none; nobody else is told, staff neither."""
    said, refused = restricted(lab), restricted(lab)
    opened = f"/datasets/{lab.published(OWNER, 'commune')}"
    assert {said, refused} <= set(undecided(lab, OWNER))
    assert opened not in undecided(lab, OWNER)
    assert not {said, refused} & set(undecided(lab, "mbr_s", "operator"))
    put(lab, said)
    view = lab.call("DELETE", f"{refused}/release-policy", lab.token(OWNER, "owner")).json()
    assert (view["shows_nothing"], state(lab, said)["shows_nothing"]) == (True, False)
    assert not {said, refused} & set(undecided(lab, OWNER))


def test_owner_is_asked_of_data_from_before_there_was_the_list(lab: Lab) -> None:
    """Once the index of older documents is complete."""
    path = restricted(lab)
    lab.settled()
    with lab.database() as database:
        document = database["datasets"].find_one({"_id": path.removeprefix("/datasets/")})
        assert document
        assert document.pop("lacks_policy")
        database["datasets"].replace_one({"_id": document["_id"]}, document)
        database["hash_indexes"].delete_one({"_id": "lacks_policy"})
    assert path not in undecided(lab, OWNER)
    with lab.store() as store:
        undecided_index(store).complete()
    assert path in undecided(lab, OWNER)


def test_refusal_is_the_owner_s_to_read(lab: Lab) -> None:
    """In the words of the job, which names the field."""
    path = restricted(lab)
    put(lab, path)
    about_it = {"kind": "protect", "dataset_id": path.removeprefix("/datasets/")}
    failure = events.JobFailed(**about_it, job_id="job_f", dataset_version=1, reason="pas de com")
    lab.publish(failure)
    eventually(lambda: state(lab, path)["refusal"] == "pas de com", what="the refusal")


def test_compute_is_given_the_table_and_the_policy(lab: Lab) -> None:
    """The whole table, with its columns; nothing once the policy is removed."""
    path = restricted(lab)
    dataset_id = path.removeprefix("/datasets/")
    put(lab, path)
    with lab.rpc() as catalog:
        opened = catalog.open_for_protection(dataset_id)
        assert opened["policy"]["dimensions"][0]["column"] == "com"
        dataset = opened["dataset"]
        assert (dataset["version"], dataset["columns"]) == (1, None)
        assert [column["name"] for column in dataset["described"]] == ["commune"]
        lab.call("DELETE", f"{path}/release-policy", lab.token(OWNER, "owner"))
        with pytest.raises(WrongStage):
            catalog.open_for_protection(dataset_id)


def test_tables_are_open_and_take_no_upload(lab: Lab) -> None:
    """Who reads them sees of what they are; the lab alone makes their versions."""
    path, tables = agreed(lab)
    stranger = lab.token("mbr_z", "holder")
    dataset = lab.get(tables, stranger)
    assert (dataset["access"], dataset["owner_id"]) == ("open", OWNER)
    assert dataset["tables_of"] == path.removeprefix("/datasets/")
    assert lab.get(path, stranger)["tables_id"] == tables.removeprefix("/datasets/")
    answer = lab.post_file(f"{tables}/versions", lab.token(OWNER, "owner"), {}, CSV)
    problem_of(answer, 409)


def test_edition_within_the_year_waits_for_its_owner(lab: Lab) -> None:
    """Who is told why and until when; the same tables of it are no new version of theirs."""
    path, tables = agreed(lab)
    lab.post_file(f"{path}/versions", lab.token(OWNER, "owner"), {}, b"com\n14118\n14118\n")
    lab.ingest(path.removeprefix("/datasets/"), 2, "commune")
    lab.publish(made(lab, path, version=2))
    eventually(lambda: state(lab, path)["waiting"], what="why they wait")
    in_a_year = french_date(day_in_paris(now() + timedelta(365)))
    assert f"à partir du {in_a_year}" in state(lab, path)["waiting"]
    lab.settled()
    assert state(lab, path)["published"]["version"] == 1
    problem_of(agree(lab, path, version=1), 409)
    assert agree(lab, path, version=2).json()["waiting"] == ""
    eventually(lambda: state(lab, path)["published"]["version"] == 2, what="version 2")
    assert len(lab.get(tables, lab.token("mbr_z", "holder"))["versions"]) == 1


def test_datasets_of_a_series_share_its_editions(lab: Lab) -> None:
    """The next month waits as another version would, by the word of its owner."""
    policy = POLICY | {"series": f"allocataires {new_id('x')}"}
    agreed(lab, policy)
    path = seen(lab, policy)
    assert policy["series"] in agree(lab, path).json()["waiting"]
    lab.settled()
    assert state(lab, path)["published"] is None
    each = seen(lab, POLICY | {"editions_a_year": 0})
    assert "vous décidez de chaque édition" in agree(lab, each).json()["waiting"]


NOISE: dict[str, Any] = {
    "method": "noise",
    "dimensions": [{"column": "com", "levels": ["commune"], "values": ["14"]}],
}


def test_noise_without_classes_of_its_own_is_refused_at_their_field(lab: Lab) -> None:
    """Those of the data would tell who is there."""
    refused = put(lab, restricted(lab), NOISE | POLICY)
    assert json.loads(problem_of(refused, 422))["field"] == "dimensions.0.values"


@pytest.mark.parametrize(
    ("earlier", "words"), [(NOISE, "au plus 78 % des cas"), (POLICY, "exacts")]
)
def test_second_edition_with_noise_says_what_both_tell(
    lab: Lab, earlier: dict[str, Any], words: str
) -> None:
    """Of 70 % each: 77.1 %, rounded up. Beside exact tables nobody can say."""
    series = {"series": f"allocataires {new_id('x')}"}
    agreed(lab, earlier | series)
    path = seen(lab, NOISE | series)
    waiting = agree(lab, path).json()["waiting"]
    assert "un an" in waiting or "365 jours" in waiting
    assert words in waiting


@pytest.mark.parametrize("which", ["policy", "source", "tables"])
def test_whichever_ends_the_tables_are_retired(lab: Lab, which: str) -> None:
    """The policy, the data, or the tables by themselves: nothing is shown any more."""
    path, tables = agreed(lab)
    token = lab.token(OWNER, "owner")
    if which == "policy":
        assert lab.call("DELETE", f"{path}/release-policy", token).status == 200
    else:
        ended = path if which == "source" else tables
        lab.call("POST", f"{ended}/retirement", token, json={"reason": "fini"})
    eventually(lambda: lab.get(tables, token)["state"] == "retired", what="their end")
    eventually(lambda: state(lab, path)["published"] is None, what="the end of the policy")
    problem_of(lab.call("GET", f"{path}/release-policy", lab.token("mbr_z", "holder")), 404)


def test_title_that_goes_with_its_data_is_not_in_that_of_the_tables(lab: Lab) -> None:
    """Nor in what is said of them."""
    path, tables = agreed(lab)
    token = lab.token(OWNER, "owner")
    body = {"reason": "fini", "keep_title": False}
    assert lab.call("DELETE", path, token, json=body).status == 200
    eventually(lambda: lab.get(tables, token)["state"] == "retired", what="their end")
    assert "Aides" not in str(
        lab.get(tables, token)["title"] + lab.get(tables, token)["description"]
    )


def queried(dataset_id: str, sql: str) -> dict[str, Any]:
    """The treatment that asks the aids that."""
    inputs, parameters = {"aides": "aides"}, {"sql": sql}
    step = Step(application="query", inputs=inputs, parameters=parameters, output="r")
    return Treatment(inputs={"aides": dataset_id}, steps=(step,)).model_dump(mode="json")


def secured(lab: Lab, dataset_id: str, treatment: dict[str, Any]) -> str:
    """The id of a project that was secured to do that."""
    project_id = new_id("prj")
    lab.publish(
        events.ProjectSecured(
            project_id=project_id,
            holder_id="mbr_h",
            dataset_ids=(dataset_id,),
            treatment=Treatment.model_validate(treatment),
            decided_by="mbr_r",
            reason="conforme",
        )
    )
    return project_id


def test_project_that_tables_answer_reads_nothing_else(lab: Lab) -> None:
    """Nobody is asked, and nobody agreed to rows: no other treatment, nor none, gets them.

    Of another one a trial gets what its rows are invented from: the tables, too.
    """
    path, tables = agreed(lab)
    dataset_id = path.removeprefix("/datasets/")
    answered = queried(dataset_id, "SELECT count(*) AS nombre FROM aides")
    rows = queried(dataset_id, "SELECT * FROM aides")
    project_id = secured(lab, dataset_id, answered)
    lab.wait_for("data_access_opened", project_id=project_id)
    assert lab.events("access_requested", project_id=project_id) == []
    with lab.rpc() as catalog:
        opened = catalog.open_dataset(project_id, dataset_id, "job_t", answered)
        assert opened["dataset_id"] == tables.removeprefix("/datasets/")
        assert (opened["policy"]["dataset_id"], opened["policy"]["number"]) == (dataset_id, 1)
        for other in (rows, None):
            with pytest.raises(Forbidden):
                catalog.open_dataset(project_id, dataset_id, "job_t", other)
        as_before = catalog.open_dataset(project_id, dataset_id, "job_t", answered, kind="trial")
        invented = catalog.open_dataset(project_id, dataset_id, "job_t", rows, kind="trial")
    assert (as_before["invention"], as_before["file"]) == (None, opened["file"])
    assert (invented["dataset_id"], invented["file"]) == (dataset_id, opened["file"])
    assert invented["invention"]["facts"]["policy"]["dimensions"]


def replace_tables(tables: Dataset) -> None:
    """Make them another edition, which is for few, before their source is told."""
    tables.metadata = tables.metadata.model_copy(update={"access": "restricted"})
    tables.versions[-1].file = FileRef(sha256="f" * 64, size=1)


def retire_quietly(tables: Dataset) -> None:
    """Retire them before their source is told."""
    tables.retired = "fini"


@pytest.mark.parametrize(
    ("change", "error"), [(replace_tables, Unavailable), (retire_quietly, WrongStage)]
)
def test_tables_that_are_others_than_their_source_says_are_not_handed_out(
    lab: Lab, change: Callable[[Dataset], None], error: type[Exception]
) -> None:
    """They are two documents: what is between them is for nobody, and nothing is made of it."""
    path, tables = agreed(lab)
    dataset_id = path.removeprefix("/datasets/")
    answered, rows = queried(dataset_id, COUNT), queried(dataset_id, "SELECT * FROM aides")
    project_id = secured(lab, dataset_id, answered)
    lab.wait_for("data_access_opened", project_id=project_id)
    lab.settled()
    with lab.store() as store:
        store.of(Dataset).change(tables.removeprefix("/datasets/"), change)
    with lab.rpc() as catalog:
        for kind in ("trial", "full"):
            with pytest.raises(error):
                catalog.open_dataset(project_id, dataset_id, "job_t", answered, kind=kind)
        invented = catalog.open_dataset(project_id, dataset_id, "job_t", rows, kind="trial")
    assert invented["invention"]["facts"] is None


GRANTED = POLICY | {"readers": "granted"}
COUNT = "SELECT count(*) AS nombre FROM aides"


def test_tables_for_granted_projects_are_restricted_data(lab: Lab) -> None:
    """Everybody finds them, and nobody else reads them or what they are made by."""
    path, tables = agreed(lab, GRANTED)
    stranger, owner = lab.token("mbr_z", "holder"), lab.token(OWNER, "owner")
    dataset = lab.get(tables, stranger)
    assert (dataset["access"], dataset["rows"]) == ("restricted", 100)
    problem_of(lab.call("GET", f"{tables}/table", stranger), 403)
    problem_of(lab.call("GET", f"{path}/release-policy", stranger), 404)
    problem_of(lab.call("GET", f"{path}/release-policy/tables", stranger), 404)
    assert state(lab, path)["published"]["version"] == 1
    shown = lab.get(path, stranger)
    assert (f"/datasets/{shown['tables_id']}", shown["has_open_tables"]) == (tables, False)
    problem_of(lab.call("PUT", f"{tables}/release-policy", owner, json=POLICY), 409)
    opened = problem_of(lab.call("PATCH", tables, owner, json={"access": "open"}), 422)
    assert json.loads(opened)["field"] == "access"
    assert tables not in undecided(lab, OWNER)


def grant_as_before(access: ProjectAccess) -> None:
    """Grant what it asked for, whatever was said of that."""
    access.grants[0].settle("granted", OWNER, "")


def test_tables_for_few_are_read_and_taken_back_by_their_source(lab: Lab) -> None:
    """By their own id they are refused, also where they were granted; their results are held."""
    path, tables = agreed(lab, GRANTED)
    dataset_id, tables_id = (each.removeprefix("/datasets/") for each in (path, tables))
    treatment = queried(tables_id, "SELECT * FROM aides")
    by_itself = secured(lab, tables_id, treatment)
    by_source = secured(lab, dataset_id, queried(dataset_id, COUNT))
    refused = lab.wait_for("access_refused", project_id=by_itself)
    assert f"demandez « {dataset_id} »" in refused["reason"]
    lab.wait_for("access_requested", project_id=by_source)
    with lab.store() as store, lab.rpc() as catalog:
        store.of(ProjectAccess).change(by_itself, grant_as_before)
        [known] = catalog.preview_inputs(treatment, "mbr_h")["inputs"]["tables"]
        assert (known["is_lost"], known["reason"]) == (True, refused["reason"])
        for kind in ("trial", "full"):
            with pytest.raises(Forbidden, match=dataset_id):
                catalog.open_dataset(by_itself, tables_id, "job_t", treatment, kind=kind)
        for project_id in (by_itself, by_source):
            store.of(ProjectAccess).change(
                project_id, lambda access: access.grants[0].end(OWNER, "fini")
            )
            event = delivered(lab, tables_id, holder_id=new_id("mbr"))
            lab.publish(event.model_copy(update={"project_id": project_id}))
            lab.wait_for("dataset_rejected", owner_id=event.holder_id)


def test_granted_project_reads_the_tables_and_no_reviewer_is_asked(lab: Lab) -> None:
    """Its owner decides; until then a trial has rows invented from what everybody knows."""
    path, tables = agreed(lab, GRANTED)
    dataset_id = path.removeprefix("/datasets/")
    answered, rows = queried(dataset_id, COUNT), queried(dataset_id, "SELECT * FROM aides")
    project_id = secured(lab, dataset_id, answered)
    asked = lab.wait_for("access_requested", project_id=project_id)
    assert "Aucun relecteur ne décide" in str(asked["asked"])
    with lab.rpc() as catalog:
        preview = catalog.preview_inputs(answered, "mbr_h")
        assert [owner["dataset_id"] for owner in preview["asked"]] == [dataset_id]
        assert preview["protected"] == []
        with pytest.raises(Forbidden):
            catalog.open_dataset(project_id, dataset_id, "job_t", answered)
        invented = catalog.open_dataset(project_id, dataset_id, "job_t", answered, kind="trial")
        assert invented["invention"]["facts"] is None
        request = f"/access-requests/{project_id}.{dataset_id}"
        token = lab.token(OWNER, "owner")
        read = lab.get(request, token)["fingerprint"]
        body = {"decision": "grant", "fingerprint": read, "conditions": "Citer la caisse."}
        assert lab.call("POST", f"{request}/decision", token, json=body).status == 200
        for kind in ("trial", "full"):
            opened = catalog.open_dataset(project_id, dataset_id, "job_t", answered, kind=kind)
            assert opened["dataset_id"] == tables.removeprefix("/datasets/")
            assert (opened["is_protected"], opened["invention"]) == (False, None)
            assert opened["sha256"] == ""
            assert opened["conditions"][0] == "Citer la caisse."
        for other in (rows, None):
            with pytest.raises(Forbidden):
                catalog.open_dataset(project_id, dataset_id, "job_t", other)
        # Beyond what was granted a trial goes on, as it would before.
        other = queried(dataset_id, "SELECT count(*) AS n FROM aides")
        invented = catalog.open_dataset(project_id, dataset_id, "job_t", other, kind="trial")
        assert invented["invention"]["facts"] is None


@pytest.mark.parametrize("which", ["source", "tables"])
def test_deletion_recalls_what_tables_answered(lab: Lab, which: str) -> None:
    """That of the data, with which tables for few are deleted, or of these by themselves."""
    path, tables = agreed(lab, GRANTED)
    dataset_id, token = path.removeprefix("/datasets/"), lab.token(OWNER, "owner")
    project_id, job_id = secured(lab, dataset_id, queried(dataset_id, COUNT)), new_id("job")
    lab.wait_for("access_requested", project_id=project_id)
    with lab.store() as store, lab.rpc() as catalog:
        store.of(ProjectAccess).change(project_id, grant_as_before)
        answered = queried(dataset_id, COUNT)
        catalog.open_dataset(project_id, dataset_id, job_id, answered, kind="full")
    deleted = path if which == "source" else tables
    body = {"reason": "erreur", "keep_title": False}
    assert lab.call("DELETE", deleted, token, json=body).status == 200
    recalled = lab.wait_for("results_recalled", dataset_id=tables.removeprefix("/datasets/"))
    assert (recalled["job_ids"], recalled["tables_of"]) == ([job_id], dataset_id)
    assert lab.get(tables, token)["state"] == "deleted"


def test_other_readers_are_those_of_tables_to_come(lab: Lab) -> None:
    """What is published stays as it is until its owner agrees; then projects are asked for.

    Closing waits for no edition; opening does, and shows nothing of what was for few. Then nobody
    is kept from them.
    """
    path, tables = agreed(lab)
    stranger, dataset_id = lab.token("mbr_z", "holder"), path.removeprefix("/datasets/")
    answered, owner = queried(dataset_id, COUNT), lab.token(OWNER, "owner")
    project_id = secured(lab, dataset_id, answered)
    lab.wait_for("access_granted", project_id=project_id)
    put(lab, path, GRANTED)
    lab.publish(made(lab, path, policy=GRANTED))
    eventually(lambda: state(lab, path)["latest"]["number"] == 2, what="tables to see")
    assert lab.get(tables, stranger)["access"] == "open"
    assert agree(lab, path, number=2).json()["waiting"]
    problem_of(lab.call("GET", f"{path}/release-policy/tables", stranger), 404)
    eventually(lambda: lab.get(tables, stranger)["access"] == "restricted", what="for few")
    lab.wait_for("access_requested", project_id=project_id)
    decision = f"/access-requests/{project_id}.{dataset_id}/decision"
    refusal = {"decision": "refuse", "reason": "non"}
    assert lab.call("POST", decision, owner, json=refusal).status == 200
    assert agree(lab, path, number=2, version=1).json()["waiting"] == ""
    put(lab, path)
    lab.publish(made(lab, path))
    eventually(lambda: state(lab, path)["latest"]["number"] == 3, what="tables to see")
    tables_id = agree(lab, path, number=3, version=1).json()["tables_id"]
    lab.wait_for("dataset_registered", dataset_id=tables_id)
    lab.ingest(tables_id, 1, "commune")
    eventually(lambda: lab.get(path, stranger)["has_open_tables"], what="for all")
    assert lab.get(f"/datasets/{tables_id}", stranger)["access"] == "open"
    with lab.rpc() as catalog:
        opened = catalog.open_dataset(project_id, dataset_id, "job_t", answered, kind="trial")
        assert opened["dataset_id"] == tables_id
    eventually(lambda: lab.get(tables, stranger)["state"] == "retired", what="the end of the past")
    assert lab.get(tables, stranger)["access"] == "restricted"
