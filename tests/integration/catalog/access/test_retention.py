"""What the catalogue keeps for a time only: who used which data, not how often."""

from datetime import timedelta

from services.catalog.access.dataset_use import Use
from services.catalog.datasets.model import Dataset
from services.catalog.endings.retention import policies
from shared.aggregate import now
from shared.settings import load_settings
from shared.store import Store
from tests.unit.catalog.samples import published


def test_uses_lose_their_users_and_stay_counted(store: Store, environ: dict[str, str]) -> None:
    """The owner is told of the oldest; what is younger than its time stays as it is."""
    (policy,) = policies(store, load_settings(environ))
    store.of(Dataset).save(published("dts_a"))
    old = now() - timedelta(days=9)
    for name, at in (("job_old", old), ("job_new", now())):
        about = {"dataset_id": "dts_a", "holder_id": "mbr_h", "project_title": "Nom"}
        use = Use.model_validate({"id": f"{name}.dts_a", "opened_at": at, "openings": 2, **about})
        store.of(Use).save(use)
    (thing,) = policy.things()
    assert (thing.thing_id, thing.member_id, thing.since) == ("dts_a", "mbr_owner", old)
    assert policy.erase("dts_a", old, "").erased == {"usages": 1}
    erased, kept = store.of(Use).get("job_old.dts_a"), store.of(Use).get("job_new.dts_a")
    assert (erased.holder_id, erased.project_title, erased.openings) == ("", "[effacé]", 2)
    assert (kept.holder_id, kept.project_title) == ("mbr_h", "Nom")
    assert policy.erase("dts_a", old, "").erased == {}
    (thing,) = policy.things()
    assert thing.since == kept.opened_at
