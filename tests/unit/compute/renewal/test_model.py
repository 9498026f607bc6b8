"""When a delivered service is renewed, when it stops, and when it ends."""

from datetime import timedelta

import pytest

from services.compute.jobs.model import Job
from services.compute.renewal.model import RETRY, DeliveredService, Obstacle
from shared.aggregate import NEVER, now
from shared.errors import WrongStage
from shared.events import FileRef, ResultStale
from tests.events import topics
from tests.unit.compute.jobs.test_model import TREATMENT

WAIT, GRACE = timedelta(seconds=60), timedelta(days=30)
RESULT = FileRef(sha256="a" * 64, size=1)
LATER = now() + timedelta(days=365)


def edition(job_id: str, number: int = 1) -> Job:
    """A full job that made a result of one dataset."""
    return Job(
        id=job_id,
        kind="full",
        project_id="prj_1",
        owner_id="mbr_h",
        lane="prj_1",
        queued_at=now(),
        state="succeeded",
        treatment=TREATMENT,
        result=RESULT,
        edition=number,
    )


def delivered() -> DeliveredService:
    """A service that was just delivered."""
    service = DeliveredService(id="prj_1")
    service.deliver("mbr_h", "Vacance", edition("job_1"), LATER)
    service.note_dataset("dts_result")
    return service


def refused(dataset_id: str) -> Obstacle:
    """The word of its owner is missing."""
    return Obstacle(kind="access", source_id=dataset_id, reason="valait pour le projet")


def stale(cause: str) -> ResultStale:
    """What is told when its data changed."""
    about = {"job_id": "job_1", "kind": "full", "name": "homes", "since": now().isoformat()}
    return ResultStale.model_validate({**about, "cause": cause, "read_id": "dts_1"})


def test_service_is_renewed_on_request_unless_its_holder_decides_otherwise() -> None:
    """Changes of its data make nothing due, and are no reason to stop."""
    service = delivered()
    service.note_stale(stale("new_version"), WAIT)
    assert (service.state, service.next_due) == ("live", LATER)
    assert service.claim("job_2", "mbr_h", LATER) == "job_2"
    assert service.claim("job_3", "mbr_h", LATER) == "job_2"


def test_changes_that_come_together_make_one_edition() -> None:
    """The wait counts from the first of them."""
    service = delivered()
    service.set_mode("on_change", 0, LATER, is_stale=False)
    assert service.renew_at == NEVER
    service.note_stale(stale("new_version"), WAIT)
    due = service.renew_at
    service.note_stale(stale("new_version"), WAIT)
    assert service.renew_at == due
    assert not service.is_renewal_due(now())
    assert service.is_renewal_due(now() + WAIT)


def test_service_whose_data_changed_before_is_renewed_at_once() -> None:
    """Who decides for renewal on change waits for no further change."""
    service = delivered()
    service.set_mode("on_change", 0, LATER, is_stale=True)
    assert service.is_renewal_due(now() + timedelta(seconds=1))


def test_schedule_counts_from_the_last_edition() -> None:
    """What came to nothing is tried again a day later, not at once."""
    service = delivered()
    service.set_mode("on_schedule", 30, LATER, is_stale=False)
    assert service.renew_at == service.renewed_at + timedelta(days=30)
    service.claim("job_2", "")
    service.note_failure("le quota est épuisé")
    assert timedelta(hours=23) < service.renew_at - now() <= RETRY
    service.claim("job_3", "")
    service.note_edition(edition("job_3", 2), RESULT, WAIT)
    assert (service.edition, service.failure) == (2, "")
    assert service.renew_at == service.renewed_at + timedelta(days=30)
    assert topics(service)[-2:] == ["renewal_failed", "service_renewed"]


def test_change_during_a_renewal_makes_another_edition() -> None:
    """The job that was under way did not read it."""
    service = delivered()
    service.set_mode("on_change", 0, LATER, is_stale=False)
    service.claim("job_2", "")
    service.note_stale(stale("new_version"), WAIT)
    assert not service.is_renewal_due(now() + WAIT)
    service.note_failure("autre")
    assert service.is_renewal_due(now() + WAIT)


def test_data_that_may_not_be_read_stop_it_until_they_may() -> None:
    """It says so once; of two obstacles the last has to go."""
    service = delivered()
    service.set_mode("on_change", 0, LATER, is_stale=False)
    service.note_stale(stale("access_revoked"), WAIT)
    service.obstruct(refused("dts_2"))
    assert topics(service).count("service_stopped") == 1
    with pytest.raises(WrongStage, match="l'accès aux données « homes » est retiré"):
        service.claim("job_2", "mbr_h")
    service.note_granted("dts_1")
    assert service.state == "stopped"
    service.note_granted("dts_2")
    assert service.is_renewal_due(now() + timedelta(seconds=1))


def test_obstacle_that_is_known_before_delivery_stops_it_then() -> None:
    """The catalogue may be faster than the delivery."""
    service = DeliveredService(id="prj_1")
    service.obstruct(refused("dts_1"))
    service.obstruct(refused("dts_of_an_earlier_treatment"))
    assert (service.state, topics(service)) == ("undelivered", [])
    service.deliver("mbr_h", "Vacance", edition("job_1"), LATER)
    assert (service.state, topics(service)) == ("stopped", ["service_stopped"])
    service.note_granted("dts_1")
    assert service.state == "live"


def test_newer_version_is_no_grant() -> None:
    """It ends that data was retired, and nothing else."""
    service = delivered()
    service.obstruct(refused("dts_1"))
    service.note_stale(stale("retired"), WAIT)
    service.note_stale(stale("new_version"), WAIT)
    assert [obstacle.kind for obstacle in service.obstacles] == ["access"]
    service.note_granted("dts_1")
    assert service.state == "live"


def test_nothing_is_renewed_before_the_catalogue_has_the_result() -> None:
    """An edition would have no dataset to be a version of."""
    service = DeliveredService(id="prj_1")
    service.deliver("mbr_h", "Vacance", edition("job_1"), LATER)
    service.set_mode("on_change", 0, LATER, is_stale=True)
    assert not service.is_renewal_due(now() + WAIT)
    with pytest.raises(WrongStage, match="pas encore au catalogue"):
        service.claim("job_2", "mbr_h")
    service.note_dataset("dts_result")
    assert service.is_renewal_due(now() + WAIT)


def test_service_that_nobody_needs_is_asked_about_once_then_retired() -> None:
    """A sign of life ends the wait: what its holder decides, asks for, or confirms."""
    service = delivered()
    service.tick(now(), GRACE)
    assert topics(service) == []
    service.tick(LATER, GRACE)
    service.tick(LATER, GRACE)
    assert topics(service) == ["service_review_due"]
    service.confirm(LATER + GRACE)
    service.tick(LATER + timedelta(days=1), GRACE)
    service.tick(LATER + GRACE, GRACE)
    assert topics(service) == ["service_review_due", "service_review_due"]
    service.tick(LATER + 2 * GRACE, GRACE)
    assert (service.state, service.next_due) == ("retired", NEVER)
    with pytest.raises(WrongStage, match="a pris fin : personne n'a confirmé"):
        service.confirm(LATER)


def test_delivery_that_comes_twice_changes_nothing() -> None:
    """Neither the edition nor what its holder decided."""
    service = delivered()
    service.set_mode("on_change", 0, LATER, is_stale=False)
    service.claim("job_2", "")
    service.note_edition(edition("job_2", 2), RESULT, WAIT)
    service.deliver("mbr_h", "Vacance", edition("job_1"), LATER)
    assert (service.job_id, service.edition, service.mode) == ("job_2", 2, "on_change")
