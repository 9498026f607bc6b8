"""A full job that its trial counted too large is refused in the queue, for the same data only."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.compute.jobs.model import Job
from shared.aggregate import new_id, now
from shared.events import Step, Treatment
from shared.store import PAGE_LIMIT
from tests.integration.compute.lab import HOLDER, Lab
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService

ROWS = 5_000
SECRET = "CLE-SECRETE"


def table(rows: int) -> bytes:
    """A table whose rows all have the same key."""
    return b"cle;n\n" + b"".join(b"%s;%d\n" % (SECRET.encode(), n) for n in range(rows))


def crossing(left: str, right: str, **more: str) -> Treatment:
    """The treatment that crosses two datasets on their key."""
    keys, inputs = {"left_key": "cle", "right_key": "cle", **more}, {"left": "a", "right": "b"}
    step = Step(application="cross", inputs=inputs, parameters=keys, output="c")
    return Treatment(inputs={"a": left, "b": right}, steps=(step,))


@pytest.fixture(scope="module", autouse=True)
def processes(lab: Lab) -> Iterator[RunningService]:
    """Compute and the sample catalogue, with samples of 50 rows."""
    with lab.catalog(), lab.compute(trial_rows="50") as service:
        yield service


@pytest.fixture(scope="module")
def tables(lab: Lab) -> tuple[str, str]:
    """Two datasets of 5,000 rows with one key in common."""
    return lab.ingest(table(ROWS)), lab.ingest(table(ROWS) + b"autre;1\n")


def tried(lab: Lab, treatment: Treatment) -> str:
    """The id of a project whose trial of that treatment ended well."""
    project = new_id("prj")
    for dataset in treatment.inputs.values():
        lab.grant(project, dataset)
    lab.secure(project)
    lab.equip(project, treatment)
    lab.wait_for("job_succeeded", project_id=project, kind="trial")
    return project


def test_full_job_is_refused_before_any_sandbox(
    lab: Lab, processes: RunningService, tables: tuple[str, str]
) -> None:
    """With the figures that its trial counted, behind many others, and no value of the data.

    The trial said so where it ended, and on its page.
    """
    project = tried(lab, crossing(*tables))
    trial = lab.events("job_succeeded", project_id=project)[0]
    assert trial["warning"].startswith("Le calcul complet sera refusé : croisement « c »")
    seen = lab.call(processes, "GET", f"/jobs/{trial['job_id']}").json()
    assert seen["warning"] == trial["warning"]
    about = {"kind": "trial", "project_id": project, "owner_id": HOLDER, "lane": project}
    with lab.store() as store:
        for number in range(PAGE_LIMIT):
            other = {"id": f"job_{number:04}_{project}", "queued_at": now(), "state": "succeeded"}
            store.of(Job).save(Job.model_validate({**about, **other}))
    lab.staff(project)
    failed = lab.wait_for("job_failed", project_id=project, kind="full")
    assert f"Le calcul complet sera refusé : {failed['reason']}." == trial["warning"]
    text = failed["reason"].replace("\u202f", " ")
    assert "5 000 lignes croisées avec 5 001 en donnent 25 000 000" in text
    assert "pour 20 000 000 permises" in text
    assert SECRET not in text
    assert not lab.events("job_started", job_id=failed["job_id"])


def test_full_job_of_other_data_is_counted_anew(lab: Lab, tables: tuple[str, str]) -> None:
    """What a trial counted of a version that is gone refuses nothing.

    A treatment of before has no choice: its full job is made, and tells what it did.
    """
    large, small = tables[0], lab.ingest(table(2) + b"encore;1\n")
    project = tried(lab, crossing(large, tables[1]))
    publish(lab, tables[1], small)
    lab.staff(project)
    done: dict[str, Any] = lab.wait_for("job_succeeded", project_id=project, kind="full")
    (report,) = lab.manifest(done).reports
    assert report["rows"]["out"] == 2 * ROWS
    text = report["summary"].replace("\u202f", " ")
    assert "5 000 lignes croisées avec 3 en donnent 10 000, car une même clé" in text


def test_rows_of_both_tables_are_not_multiplied_unasked(lab: Lab) -> None:
    """The trial warns with the figures; the full job is refused before it starts."""
    small = lab.ingest(table(3))
    project = tried(lab, crossing(small, small, many_to_many="refused"))
    warned = lab.wait_for("job_succeeded", project_id=project, kind="trial")["warning"]
    assert "Le calcul complet sera refusé : croisement « c » refusé : 3 lignes" in warned
    lab.staff(project)
    failed = lab.wait_for("job_failed", project_id=project, kind="full")
    assert "3 lignes croisées avec 3 en donnent 9" in failed["reason"]
    assert "many_to_many = « kept »" in failed["reason"]
    assert not lab.events("job_started", job_id=failed["job_id"])


def publish(lab: Lab, dataset: str, other: str) -> None:
    """Give a dataset the table of another as its newest version."""

    def change(shelf: Shelf) -> None:
        shelf.answer |= {"version": 2, "file": newest.answer["file"]}

    with lab.store("catalog") as store:
        newest = store.of(Shelf).get(other)
        store.of(Shelf).change(dataset, change)
