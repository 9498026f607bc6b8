"""A project's whole road through two intake processes, by HTTP and real events."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.intake.model import Project
from services.intake.upgrade import ProjectUpgrade
from shared.aggregate import NEVER, new_id
from shared.events import (
    AccessGranted,
    AccessRequested,
    AccessRevoked,
    DatasetsMatched,
    InputsChecked,
)
from shared.indexes.computed import complete_index
from shared.stages import Stage
from tests.integration.intake import lab as at
from tests.integration.intake.lab import REVIEWER, Lab, bring
from tests.servers import eventually
from tests.unit.intake import samples

ROAD = ["submitted", "advised", "secured", "equipped", "trialled", "piloted", "staffed"]


def test_a_project_goes_from_submission_to_delivery(lab: Lab) -> None:
    """Each stage once, published in order, told in the history with who and why."""
    project_id = bring(lab, lab.submit(), "staffed")
    job_id = at.new_job()
    lab.publish_and_wait(at.succeeded(project_id, "full", job_id), times=2)
    delivery = {"job_id": job_id, "title": "Vacance", "description": "Par EPCI", "licence": "lov2"}
    project = lab.done("POST", f"/projects/{project_id}/delivery", delivery)
    assert (project["stage"], project["delivery"]["licence"]) == ("delivered", "lov2")
    assert [result["job_id"] for result in project["results"]] == [job_id]
    stages = [*ROAD, "delivered"]
    assert list(dict.fromkeys(entry["stage"] for entry in project["history"])) == stages
    expected = [f"project_{stage}" for stage in stages]
    for place in ("piloted", "staffed"):
        asked = expected.index(f"project_{place}")
        expected[asked:asked] = ["member_invited", "invitation_accepted"]
    eventually(lambda: lab.topics(project_id) == expected, what="all events are published")
    delivered = lab.told_of(project_id)[-1]
    people = delivered["data"]["site_id"], *delivered["data"]["team"]
    assert list(people) == [project["site_id"], *project["team"]]
    assert delivered["data"]["result"] == at.MANIFEST.model_dump()
    assert delivered["correlationid"] == project_id


def test_a_secured_project_says_for_whose_word_it_waits_and_what_that_binds_it_to(lab: Lab) -> None:
    """Holder and reviewer read the owner's conditions as they were written."""
    project_id = bring(lab, lab.submit(), "secured")
    path = f"/projects/{project_id}"
    about = {"project_id": project_id, "dataset_id": "dts_epci", "owner_id": "mbr_o"}
    lab.publish_and_wait(AccessRequested(**about, holder_id=at.HOLDER[0]), sequence=4)
    why = "Attend l'accord de mbr_o sur « dts_epci »."
    project = lab.done("GET", path)
    wait = {"dataset_id": "dts_epci", "title": "", "member_id": "mbr_o", "why": why}
    assert (project["waits_for"], project["history"][-1]["why"]) == ([wait], why)
    conditions = ("Les embarquements, jamais le chiffre d'affaires.",)
    granted = AccessGranted(**about, decided_by="mbr_o", conditions=conditions)
    lab.publish_and_wait(granted, times=2, sequence=5)
    for who in (at.HOLDER, at.REVIEWER):
        project = lab.done("GET", path, who=who)
        assert project["accesses"][0]["conditions"] == list(conditions)
    assert project["waits_for"] == []
    assert conditions[0] in project["history"][-1]["why"]


def test_result_of_data_that_was_taken_away_is_not_delivered(lab: Lab) -> None:
    """The holder reads why; once the owner granted it again, the project is delivered."""
    project_id = bring(lab, lab.submit(), "staffed")
    job_id = at.new_job()
    lab.publish_and_wait(at.succeeded(project_id, "full", job_id))
    about = {"project_id": project_id, "dataset_id": "dts_epci", "owner_id": "mbr_o"}
    lab.publish_and_wait(AccessRevoked(**about, reason="étude finie"), times=2, sequence=5)
    delivery = {"job_id": job_id, "title": "Vacance", "description": "Par EPCI", "licence": "lov2"}
    path = f"/projects/{project_id}/delivery"
    assert "étude finie" in lab.refused(409, "POST", path, delivery)["detail"]
    project = lab.done("GET", f"/projects/{project_id}")
    assert "étude finie" in project["history"][-1]["why"]
    [access] = project["accesses"]
    dataset_ids = (access["dataset_id"], access["state"], access["reason"])
    assert (project["access_open"], dataset_ids) == (False, ("dts_epci", "revoked", "étude finie"))
    lab.publish_and_wait(AccessGranted(**about, decided_by="mbr_o"), sequence=6)
    assert lab.done("GET", f"/projects/{project_id}")["access_open"]
    assert lab.done("POST", path, delivery)["stage"] == "delivered"


def test_guidance_names_datasets_applications_experts_and_pilot_sites_with_reasons(
    lab: Lab,
) -> None:
    """Members are those there are when the matches come; later ones change nothing."""
    expert = lab.member(name="Labo", kind="laboratory", skills=["statistique"])
    town = lab.member(name="Ville", kind="local_authority", territory=["14118"])
    project_id = lab.submit(skills=["STATISTIQUE"], territory=["14"])
    lab.publish(at.matched(project_id, "epci"))
    lab.wait_for_stage(project_id, "advised")
    lab.member(name="Retardataire", skills=["statistique"])
    guidance = lab.done("GET", f"/projects/{project_id}")["guidance"]
    assert [dataset["title"] for dataset in guidance["datasets"]] == ["epci"]
    assert {"cross", "aggregate"} == {
        application["application"] for application in guidance["applications"]
    }
    assert [expert["member_id"] for expert in guidance["experts"]] == [expert]
    assert [pilot_site["member_id"] for pilot_site in guidance["pilot_sites"]] == [town]
    everything = [match for kind in guidance.values() for match in kind]
    assert all(match["reasons"] for match in everything)
    eventually(lambda: len(lab.topics(project_id)) == 2)
    assert lab.told_of(project_id)[1]["data"]["experts"] == 1


def test_matches_told_again_and_again_advise_once(lab: Lab) -> None:
    """The same event delivered three times, and another one of the same project."""
    project_id = lab.submit()
    lab.publish_and_wait(at.matched(project_id, "epci"), times=3)
    lab.publish_and_wait(at.matched(project_id, "autre", "encore"), sequence=2)
    project = lab.done("GET", f"/projects/{project_id}")
    assert len(project["guidance"]["datasets"]) == 1
    assert lab.topics(project_id) == ["project_submitted", "project_advised"]


def test_two_workers_equip_each_project_once(lab: Lab) -> None:
    """Both openings of all projects come at once and doubled, in any order, to two processes."""
    projects = [lab.submit() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda project: bring(lab, project, "secured"), projects))
        for make in (at.access, at.workspace):
            for project in projects:
                pool.submit(lab.publish, make(project), times=2)
    for project in projects:
        lab.wait_for_stage(project, "equipped")
    eventually(lambda: all(lab.topics(project)[-1] == "project_equipped" for project in projects))
    assert all(lab.topics(project).count("project_equipped") == 1 for project in projects)


def test_openings_after_the_withdrawal_change_nothing(lab: Lab) -> None:
    """The grants and the workspace were under way when the holder gave up."""
    project_id = bring(lab, lab.submit(), "secured")
    lab.publish_and_wait(at.access(project_id))
    lab.done("POST", f"/projects/{project_id}/withdraw", {"reason": "Plus de budget."})
    lab.publish_and_wait(at.workspace(project_id))
    lab.publish_and_wait(at.succeeded(project_id, "trial", at.new_job()))
    lab.publish_and_wait(at.matched(project_id, "epci"), sequence=9)
    assert lab.stage(project_id) == "withdrawn"
    eventually(lambda: lab.topics(project_id)[-1] == "project_withdrawn")
    assert "project_equipped" not in lab.topics(project_id)


def test_a_trial_that_fails_is_told_and_tried_again_with_a_new_treatment(lab: Lab) -> None:
    """A reviewer's, of the same datasets; the older trial's failure told again does not count."""
    project_id = bring(lab, lab.submit(), "equipped")
    path, failure = f"/projects/{project_id}", at.failed(project_id, at.new_job())
    treatment = f"{path}/treatment", at.PROJECT["treatment"]
    lab.publish_and_wait(failure)
    project = lab.done("GET", path)
    assert (project["stage"], project["history"][-1]["by"]) == ("equipped", "compute")
    assert "colonne absente" in project["history"][-1]["why"]
    project = lab.done("POST", *treatment, who=REVIEWER)
    assert (project["history"][-1]["by"], project["access_open"]) == (REVIEWER[0], False)
    lab.publish_and_wait(at.access(project_id), sequence=2)
    changed = lab.wait_for("treatment_changed", project_id=project_id)
    assert (changed["proposal"], changed["decided_by"]) == (2, REVIEWER[0])
    assert lab.topics(project_id).count("project_equipped") == 1
    lab.publish_and_wait(at.access(project_id, 2), times=2, sequence=3)
    lab.publish_and_wait(failure)
    lab.publish_and_wait(at.succeeded(project_id, "trial", at.new_job()))
    project = lab.done("GET", path)
    assert (project["stage"], len(project["trials"])) == ("trialled", 2)
    eventually(lambda: lab.topics(project_id)[-1] == "project_trialled")
    assert lab.topics(project_id).count("project_equipped") == 2


def test_a_holder_changes_the_treatment_of_a_staffed_project(lab: Lab) -> None:
    """What goes beyond the review waits for a reviewer, who reads the difference, then runs."""
    project_id = bring(lab, lab.submit(), "staffed")
    path = f"/projects/{project_id}"
    change = {"dataset_id": "dts_epci", "title": "EPCI", "before": ["a"], "after": ["a et b"]}
    project = lab.done("POST", f"{path}/treatment", at.PROJECT["treatment"])
    assert (project["stage"], project["treatment_open_to"]) == ("staffed", "holder_or_reviewer")
    fields = {"project_id": project_id, "proposal": 2, "owners": [at.OWNER[0]], "changes": [change]}
    lab.publish_and_wait(InputsChecked.model_validate(fields), sequence=2)
    lab.publish_and_wait(at.access(project_id, 2), sequence=3)
    [waiting] = lab.done("GET", "/projects?for_staff=true&limit=100", who=REVIEWER)["items"][-1:]
    assert (waiting["id"], waiting["staff_due"]) == (
        project_id,
        "relire le traitement, qui lit ou montre davantage",
    )
    project = lab.done("GET", path)
    assert (project["needs_review"], project["checks"][0]["changes"]) == (True, [change])
    project = lab.done("POST", f"{path}/review", lab.seen(project_id), who=REVIEWER)
    assert (project["stage"], project["needs_review"], project["access_open"]) == (
        "staffed",
        False,
        True,
    )
    expected = ["treatment_changed", "treatment_review_asked", "treatment_approved"]
    eventually(lambda: lab.topics(project_id)[-4:] == [*expected, "project_equipped"])


def test_project_says_that_its_trial_waits_for_an_operator(lab: Lab) -> None:
    """What happened and who must do what, until the job goes on; its end is the trial's."""
    project_id, job_id = bring(lab, lab.submit(), "equipped"), at.new_job()
    path = f"/projects/{project_id}"
    lab.publish_and_wait(at.cancelled(project_id, at.new_job()), times=2)
    project = lab.done("GET", path)
    assert (project["stage"], len(project["trials"])) == ("equipped", 1)
    assert project["history"][-1]["why"] == "L'essai n'a pas abouti : annulé"
    lab.publish_and_wait(at.given_up(project_id, job_id), sequence=4)
    project = lab.done("GET", path)
    (waiting,) = project["given_up"]
    assert (waiting["job_id"], waiting["kind"]) == (job_id, "trial")
    assert waiting["reason"] == "erreur interne du service de calcul"
    assert project["history"][-1]["why"].endswith("Un exploitant doit le relancer ou l'annuler.")
    lab.publish_and_wait(at.retried(project_id, job_id), sequence=5)
    assert lab.done("GET", path)["given_up"] == []
    lab.publish_and_wait(at.succeeded(project_id, "trial", job_id))
    assert lab.stage(project_id) == "trialled"


def test_what_is_of_no_known_project_is_passed_over_or_parked(lab: Lab) -> None:
    """Ingest jobs end all the time; of other events somebody has to look why.

    Such as a database that was restored, or two labs that share a broker.
    """
    ingest = at.succeeded("prj_unknown", "ingest", at.new_job())
    lab.publish_and_wait(ingest)
    lab.publish_and_wait(ingest.model_copy(update={"project_id": None}))
    assert lab.parked() == 0
    lab.publish_and_wait(DatasetsMatched(project_id="prj_unknown", matches=()))
    eventually(lambda: lab.parked() == 1)
    assert lab.documents("projects", _id="prj_unknown") == []


def kept(lab: Lab, stage: Stage, **changed: Any) -> str:
    """A project's document as the code of before wrote it; its id."""
    project_id = new_id("prj")
    document = {**samples.as_before(samples.project_at(stage)), "_id": project_id, **changed}
    del document["id"]
    with lab.database() as database:
        database["projects"].insert_one(document | {"has_outbox": False, "outbox_since": NEVER})
    return project_id


def test_projects_of_before_are_told_once_whoever_looks_and_how_often(lab: Lab) -> None:
    """Four processes at once, and once more after them; each told by one event, and ended ones not.

    What the catalogue answers changes nothing for a project that had its data.
    """
    secured, staffed, advised, ended = (
        kept(lab, stage) for stage in ("secured", "staffed", "advised", "delivered")
    )
    with lab.store() as store, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ProjectUpgrade(store).sweep(), range(4)))
        ProjectUpgrade(store).sweep()
        assert not any(project.lacks_telling for project in store.of(Project).every())
    for project_id, topic in (
        (secured, "treatment_changed"),
        (staffed, "treatment_changed"),
        (advised, "treatment_proposed"),
    ):
        (event,) = (lab.wait_for(topic, project_id=project_id),)
        assert (event["proposal"], event["treatment"]["inputs"]["table_0"]) == (1, "dts_b")
        assert lab.topics(project_id) == [topic]
    assert lab.topics(ended) == []
    lab.publish_and_wait(at.access(staffed, 1), sequence=7)
    assert lab.topics(staffed) == ["treatment_changed"]
    assert lab.secure(advised)["stage"] == "secured"


def test_who_had_a_part_before_sees_the_project_and_is_asked_nothing(lab: Lab) -> None:
    """Site and team of the old rule count as accepted, in lists too once the lab is upgraded."""
    site = lab.member()
    project_id = kept(lab, "staffed", site_id=site)
    who = (site, "owner")
    project = lab.done("GET", f"/projects/{project_id}", who=who)
    assert (project["stage"], project["invitation"]["state"]) == ("staffed", "accepted")
    with lab.store() as store:
        ProjectUpgrade(store).sweep()
        complete_index(store, Project, new_id("index"))
    assert lab.done("GET", "/projects?mine=true&q=logement", who=who)["items"] != []
    listed = lab.done("GET", "/projects?named=true", who=who)["items"]
    assert [project["id"] for project in listed] == [project_id]
    eventually(lambda: lab.topics(project_id) == ["treatment_changed"])
