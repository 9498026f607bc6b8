"""Which results are made again in a night, and that it is once."""

from datetime import datetime

import pytest

from services.compute.jobs.model import Job
from services.compute.jobs.nightly import NightlyReplays
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id
from shared.engine.tables.manifest import Output
from shared.events import FileRef
from shared.language.french import PARIS
from shared.store import Store
from tests.integration.compute.lab import HOLDER, summing

NIGHT = datetime(2026, 12, 3, 2, 30, tzinfo=PARIS)
OUTPUTS = (Output(name="result.csv", file=FileRef(sha256="a" * 64, size=1)),)


def made(store: Store, **fields: object) -> str:
    """The id of a full job that made something, in a project that goes on."""
    project = new_id("prj")
    store.of(Workspace).save(Workspace(id=project, state="open"))
    about: dict[str, object] = {"id": new_id("job"), "kind": "full", "project_id": project}
    about |= {"owner_id": HOLDER, "lane": project, "queued_at": NIGHT, "state": "succeeded"}
    job = Job.model_validate({**about, "outputs": OUTPUTS, "treatment": summing("dts_1"), **fields})
    return store.of(Job).save(job).id


def replayed(store: Store) -> list[str]:
    """The ids of the jobs that are to be repeated."""
    return [job.replays for job in store.of(Job).every({"kind": "replay"})]


def test_a_night_has_its_replays_once(store: Store) -> None:
    """Whoever looks, however often, and after a restart; the next night draws again."""
    originals = {made(store) for _ in range(5)}
    processes = NightlyReplays(store, 3), NightlyReplays(store, 3)
    for process in (*processes, NightlyReplays(store, 3)):
        process.look(NIGHT)
        process.look(NIGHT.replace(hour=5))
    first = replayed(store)
    assert len(first) == len(set(first)) == 3
    assert set(first) < originals
    processes[0].look(NIGHT.replace(day=4))
    assert len(replayed(store)) == 6
    (job, *_) = store.of(Job).every({"kind": "replay"})
    assert (job.owner_id, job.state, job.recorded()) == ("", "queued", [])


@pytest.mark.parametrize(("most", "hour"), [(0, 3), (3, 1), (3, 6), (3, 14)])
def test_nothing_is_replayed_by_day_or_where_it_is_switched_off(
    store: Store, most: int, hour: int
) -> None:
    """By day people's jobs have the slots."""
    made(store)
    NightlyReplays(store, most).look(NIGHT.replace(hour=hour))
    assert replayed(store) == []


def test_only_what_can_be_read_again_is_replayed(store: Store) -> None:
    """Not others' restricted data, what was erased or made nothing, nor what has ended."""
    for fields in ({"is_protected": True}, {"is_erased": True}, {"outputs": ()}, {"kind": "trial"}):
        made(store, **fields)
    made(store, project_id=new_id("prj"))
    originals = {made(store), made(store, project_id="prj_delivered")}
    withdrawn = Workspace(id="prj_withdrawn", state="closed")
    store.of(Workspace).save(withdrawn)
    made(store, project_id=withdrawn.id)
    delivered = Workspace(id="prj_delivered", state="closed", delivered=True)
    store.of(Workspace).save(delivered)
    NightlyReplays(store, 9).look(NIGHT)
    assert set(replayed(store)) == originals


def test_result_is_made_again_once_a_night_whatever_comes_meanwhile(store: Store) -> None:
    """More results than there were at two o'clock, one after the other; none of the cluster's."""
    made(store, cluster_run="f" * 32)
    for _ in range(4):
        made(store)
        NightlyReplays(store, 6).look(NIGHT)
    assert len(replayed(store)) == len(set(replayed(store))) == 4
