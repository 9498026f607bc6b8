"""What a delivered project gives back to the catalogue, and how crossings are judged before."""

from functools import partial
from typing import Any

from shared.aggregate import new_id, now
from shared.engine.tables.manifest import Manifest
from shared.engine.tables.privacy import Privacy
from shared.events import FileRef, ProjectDelivered, ResultStale, ServiceRenewed
from shared.language.french import file_name
from tests.integration.catalog.lab import Lab, delivered, problem_of
from tests.servers import eventually


def test_delivered_result_returns_to_the_catalogue(lab: Lab) -> None:
    """One open dataset with licence and provenance, read like any other, with all its files."""
    source = lab.published("mbr_o", "commune")
    event = delivered(lab, source)
    dataset_id = lab.registered(event, times=2)
    [registration] = lab.events("dataset_registered", dataset_id=dataset_id)
    assert lab.files.read(FileRef.model_validate(registration["file"])) == b"PAR1 result"
    assert lab.ingest(dataset_id, 1, "epci")["project_id"] == event.project_id
    stranger = lab.token("mbr_z", "holder")
    view = lab.get(f"/datasets/{dataset_id}", stranger)
    assert (view["access"], view["licence"], view["owner_id"], view["territory"]) == (
        "open",
        "lov2",
        "mbr_h",
        ["14", "27"],
    )
    origin = view["versions"][0]["provenance"]
    assert origin["job_id"] == "job_full"
    assert [(i["dataset_id"], i["version"], i["sha256"]) for i in origin["inputs"]] == [
        (source, 1, "a" * 64)
    ]
    assert origin["steps"][0]["parameters"] == {"a.b": 1}
    assert origin["software"] == {"duckdb": "2.0.1"}
    chart = lab.call("GET", f"/datasets/{dataset_id}/files/chart.png", stranger)
    assert (chart.data, chart.headers["Content-Type"]) == (b"PNG", "image/png")
    called = file_name(event.title, now(), "-chart.png")
    assert chart.headers["Content-Disposition"] == f"attachment; filename={called}"
    problem_of(lab.call("GET", f"/datasets/{dataset_id}/files/absent.png", stranger), 404)
    lab.settled()
    assert len(lab.events("dataset_registered", project_id=event.project_id)) == 1


def test_result_of_restricted_data_is_restricted(lab: Lab) -> None:
    """Its owner sees what became of it, but not the rows; strangers not even how it was made.

    A second project of the same holder opens nothing that the first one could not, nor does a
    delivery open what was made of one's own restricted data.
    """
    open_id = lab.published("mbr_o")
    restricted = lab.published("mbr_r", title="Table secrète", access="restricted")
    result = lab.registered(delivered(lab, open_id, restricted))
    assert_seen(lab, result, {"mbr_h": "pending", "mbr_r": "pending", "mbr_o": None})
    lab.ingest(result, 1)
    owner, stranger = lab.token("mbr_r", "owner"), lab.token("mbr_z", "holder")
    view = lab.get(f"/datasets/{result}", owner)
    assert (view["access"], view["owner_id"]) == ("restricted", "mbr_h")
    assert view["versions"][0]["provenance"]["inputs"][1]["dataset_id"] == restricted
    [seen] = lab.get(f"/datasets/{result}", stranger)["versions"]
    assert (seen["profile"]["rows"], seen["provenance"]) == (100, None)
    crossing = f"/crossing?dataset_id={result}"
    assert "Table secrète" in str(lab.get(crossing, owner))
    assert "Table secrète" not in str(lab.get(crossing, stranger))
    table = f"/datasets/{result}/table"
    assert lab.call("GET", table, lab.token("mbr_h", "holder")).status == 200
    problem_of(lab.call("GET", table, owner), 403)
    own = lab.result_of(delivered(lab, lab.published("mbr_h", access="restricted")))
    assert lab.get(f"/datasets/{own}", stranger)["access"] == "restricted"
    problem_of(lab.call("GET", f"/datasets/{own}/table", stranger), 403)
    second = lab.registered(delivered(lab, result))
    assert lab.get(f"/datasets/{second}", owner)["access"] == "restricted"


def test_what_the_job_tells_is_shown_on_the_result(lab: Lab) -> None:
    """Conditions of a grant as written, to its owner, to those whose data went in, and to the team.

    What is missing in a figure is said of its column. The treatment knew how many stand behind
    each sum; who reads the sums does not: one that shows few persons is restricted.
    """
    owner, team, conditions = new_id("mbr"), new_id("mbr"), ("Jamais les recettes.",)
    event = delivered(lab, lab.published(owner, access="restricted"))
    manifest = Manifest.model_validate_json(lab.files.read(event.result))
    inputs = tuple(
        job_input.model_copy(update={"conditions": conditions, "purpose": "étude"})
        for job_input in manifest.inputs
    )
    fields = {"name": "nageurs", "description": "20 valeurs secrètes n'y sont pas comptées."}
    changed = {"inputs": inputs, "reports": ({}, {"described": [fields]})}
    file = lab.put(manifest.model_copy(update=changed))
    result = lab.result_of(event.model_copy(update={"result": file, "team": (team,)}))
    for member in (team, owner, "mbr_h"):
        view = lab.get(f"/datasets/{result}", lab.token(member, "owner"))
        [made_of] = view["versions"][0]["provenance"]["inputs"]
        assert (made_of["conditions"], made_of["purpose"]) == (list(conditions), "étude")
    assert view["columns"] == [fields]
    event = delivered(lab, lab.published("mbr_o"))
    privacy = Privacy(verdict="quasi", subject="groups", k=2, rows_below=1, share_below=0.5)
    result = lab.registered(lab.reporting(event, privacy=privacy.model_dump()))
    view = lab.get(f"/datasets/{result}", lab.token("mbr_h", "holder"))
    assert (view["access"], view["versions"][0]["provenance"]["privacy"]["k"]) == ("restricted", 2)


def test_result_says_since_when_it_is_stale(lab: Lab) -> None:
    """Whether compute tells so before the delivery or after it, to who may know how it was made."""
    source = lab.published("mbr_h", access="restricted")
    event = delivered(lab, source)
    project_id, job_id = lab.opened_for(source, project_id=event.project_id), new_id("job")
    with lab.rpc() as catalog:
        catalog.open_dataset(project_id, source, job_id)
    about = {"job_id": job_id, "kind": "full", "project_id": project_id, "read_id": source}
    late, early = (
        ResultStale(**about, cause=cause, name="t0", since=since)
        for cause, since in (
            ("retired", "2026-12-03T05:00:00Z"),
            ("new_version", "2026-12-01T05:00:00Z"),
        )
    )
    lab.publish(late)
    lab.settled()
    result = lab.result_of(event.model_copy(update={"job_id": job_id}))
    readers = [lab.token(member, "holder") for member in ("mbr_h", "mbr_z")]

    def since() -> list[Any]:
        times = [lab.get(f"/datasets/{result}", reader)["stale_since"] for reader in readers]
        return [time and time[:10] for time in times]

    assert since() == ["2026-12-03", None]
    lab.publish(early, times=2)
    eventually(lambda: since() == ["2026-12-01", None])


def renewed(
    lab: Lab, event: ProjectDelivered, dataset_id: str, *inputs: str, content: bytes
) -> ServiceRenewed:
    """The next edition of a delivered project's result, made of these datasets."""
    manifest = Manifest.model_validate_json(lab.files.read(event.result))
    [read, *_], [table, *others] = manifest.inputs, manifest.outputs
    made = table.model_copy(update={"file": lab.files.put([content], "x/parquet")})
    changed = {
        "job_id": new_id("job"),
        "inputs": tuple(read.model_copy(update={"dataset_id": source}) for source in inputs),
        "outputs": (made, *others),
    }
    return ServiceRenewed(
        project_id=event.project_id,
        holder_id=event.holder_id,
        title=event.title,
        job_id=str(changed["job_id"]),
        dataset_id=dataset_id,
        renews=event.job_id,
        edition=2,
        result=lab.put(manifest.model_copy(update=changed)),
    )


def jobs_of(lab: Lab, dataset_id: str) -> list[str]:
    """The jobs that made the versions of a result, as its holder reads them."""
    view = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_h", "holder"))
    return [version["provenance"]["job_id"] for version in view["versions"]]


def is_newest(lab: Lab, dataset_id: str, job_id: str) -> bool:
    """Whether that job made the newest version."""
    return jobs_of(lab, dataset_id)[-1] == job_id


def test_edition_of_a_service_is_a_version_of_its_result(lab: Lab) -> None:
    """The same bytes are none, but say what they are made of now; strictness never falls."""
    source = lab.published("mbr_o")
    event = delivered(lab, source)
    result = lab.result_of(event)
    same = renewed(lab, event, result, source, content=b"PAR1 result")
    lab.publish(same, times=2)
    eventually(lambda: jobs_of(lab, result) == [same.job_id])
    other = renewed(lab, event, result, source, content=b"PAR1 newer")
    lab.publish(other, times=2)
    eventually(lambda: jobs_of(lab, result) == [same.job_id, other.job_id])
    lab.ingest(result, 2)
    assert lab.get(f"/datasets/{result}", lab.token("mbr_z", "holder"))["access"] == "open"

    secret = lab.published("mbr_r", access="restricted")
    for inputs in ((source, secret), (source,)):
        edition = renewed(lab, event, result, *inputs, content=f"PAR1 {len(inputs)}".encode())
        lab.publish(edition)
        eventually(partial(is_newest, lab, result, edition.job_id))
        view = lab.get(f"/datasets/{result}", lab.token("mbr_r", "owner"))
        assert view["access"] == "restricted"


def test_edition_joins_its_own_result_alone_while_that_is_there(lab: Lab) -> None:
    """Another project's is none, and what is retired gets no more versions."""
    source = lab.published("mbr_o")
    event, strange = delivered(lab, source), delivered(lab, source)
    result = lab.result_of(event)
    lab.publish(renewed(lab, strange, result, source, content=b"PAR1 of another"))
    path, holder = f"/datasets/{result}/retirement", lab.token("mbr_h", "owner")
    assert lab.call("POST", path, holder, json={"reason": "Fini"}).status == 200
    lab.publish(renewed(lab, event, result, source, content=b"PAR1 too late"))
    lab.settled()
    assert len(lab.events("dataset_registered", dataset_id=result)) == 1


def test_data_that_was_restricted_when_the_job_read_it_closes_the_result(lab: Lab) -> None:
    """As well as data that is by the time of the delivery: the stricter counts."""
    before, after = lab.published("mbr_o", access="restricted"), lab.published("mbr_o")
    read = [delivered(lab, dataset_id) for dataset_id in (before, after)]
    with lab.rpc() as catalog:
        catalog.describe_dataset(before, "mbr_o", {"access": "open"})
        catalog.describe_dataset(after, "mbr_o", {"access": "restricted"})
    for event in (*read, delivered(lab, before)):
        result = lab.registered(event)
        view = lab.get(f"/datasets/{result}", lab.token("mbr_h", "holder"))
        assert view["access"] == ("restricted" if event in read else "open")


def test_team_reads_the_result_and_the_pilot_site_knows_of_it(lab: Lab) -> None:
    """Before everybody does; its owners see who of the team took it away, a stranger takes none."""
    owner, holder, team, site = (new_id("mbr") for _ in range(4))
    event = delivered(lab, lab.published(owner, access="restricted"), holder_id=holder)
    result = lab.registered(event.model_copy(update={"team": (team,), "site_id": site}))
    assert_seen(lab, result, {team: "pending", site: "pending", "mbr_z": None})
    lab.ingest(result, 1)
    path = f"/datasets/{result}"
    provenances_by_member = {
        member: lab.get(path, lab.token(member, "holder"))["versions"][0]["provenance"]
        for member in (team, site, "mbr_z")
    }
    assert (provenances_by_member[site], provenances_by_member["mbr_z"]) == (None, None)
    assert [job_input["sha256"] for job_input in provenances_by_member[team]["inputs"]] == [""]
    for member, status in ((team, 200), (site, 403), ("mbr_z", 403)):
        assert lab.call("GET", f"{path}/table", lab.token(member, "owner")).status == status
    [use] = lab.get(f"{path}/uses", lab.token(owner, "owner"))["items"]
    assert (use["holder_id"], use["purpose"]) == (
        team,
        "Téléchargement par un membre de l'équipe du projet.",
    )


def assert_seen(lab: Lab, dataset_id: str, states: dict[str, str | None]) -> None:
    """See each member read the dataset in that state, or not at all."""
    for member_id, state in states.items():
        answer = lab.call("GET", f"/datasets/{dataset_id}", lab.token(member_id, "owner"))
        assert (answer.json().get("state") if answer.status == 200 else None) == state


def test_result_takes_the_licence_of_share_alike_data(lab: Lab) -> None:
    """The holder's wish gives way, and the version says so; the sources are there to be named.

    Of data without a licence it is restricted until the producer has decided.
    """
    roads = lab.published("mbr_o", title="Voies", licence="ODbL", producer="La région")
    plans = lab.published("mbr_o", title="Plans", licence="sur demande")
    views = [
        lab.get(f"/datasets/{lab.registered(delivered(lab, source))}", lab.token("mbr_h", "holder"))
        for source in (roads, plans)
    ]
    facts = [(view["licence"], view["access"]) for view in views]
    assert facts == [("odc-odbl", "open"), ("notspecified", "restricted")]
    ([version], [waiting]) = [view["versions"] for view in views]
    assert "Licence demandée : Licence Ouverte 2.0" in version["note"]
    assert "« Voies », La région" in version["provenance"]["attribution"]
    assert "bac à sable" in waiting["note"]


def test_licence_of_a_crossing_is_judged_over_its_datasets(lab: Lab) -> None:
    """Open database beside open licence: the result is an open database, and both are named.

    What was screened and what was not is told; only the trial knows what the crossing itself
    tells. Where the licence is unknown its producer decides.
    """
    homes = lab.published("mbr_20", title="Logements", licence="Licence Ouverte 2.0")
    fields = {"producer": "La région", "modified": "2024-05-02"}
    stops = lab.published("mbr_21", title="Arrêts", licence="ODbL", **fields)
    plans = lab.published("mbr_23", licence="sur demande", producer="La ville")
    token = lab.token("mbr_22", "holder")
    judged = lab.get(f"/crossing?dataset_id={homes}&dataset_id={stops}", token)
    licence = judged["licence"]
    assert (licence["licence"], licence["conflict"]) == ("odc-odbl", None)
    for named in (
        "« Arrêts », La région, mis à jour le 02/05/2024,",
        "« Logements », producteur non précisé, date de mise à jour non précisée,",
    ):
        assert named in licence["attribution"]
    unknown = {"verdict": None, "k": None, "is_safe": None, "said": ""}
    assert {"dataset_id": homes, **unknown} in judged["privacy"]
    assert "après l'essai" in judged["privacy_notice"]
    with lab.rpc() as catalog:
        assert catalog.judge_crossing([homes, stops])["licence"] == licence
    licence = lab.get(f"/crossing?dataset_id={plans}", token)["licence"]
    assert (licence["licence"], licence["conflict"]["decided_by"]) == (None, "La ville")
    hidden = f"/crossing?dataset_id={lab.upload('mbr_24')}"
    problem_of(lab.call("GET", hidden, token), 404)
    assert "dataset_id" in problem_of(lab.call("GET", "/crossing", token), 422)
