"""What the catalogue keeps for a time only: who used which data, not how often."""

from datetime import timedelta

from services.catalog.access.dataset_use import Use
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.endings.retention import policies
from shared.aggregate import now
from shared.settings import load_settings
from shared.store import Store
from tests.unit.catalog.access.test_asking import granted
from tests.unit.catalog.samples import published


def test_uses_lose_their_users_and_stay_counted(store: Store, environ: dict[str, str]) -> None:
    """The owner is told of the oldest; what is younger than its time stays as it is."""
    policy, _ = policies(store, load_settings(environ))
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


def test_requests_of_ended_projects_lose_their_words(store: Store, environ: dict[str, str]) -> None:
    """Who decided what of which data stays; a project that goes on is not touched."""
    _, policy = policies(store, load_settings(environ))
    access = granted(wording="Jamais la recette.")
    store.of(ProjectAccess).save(access)
    assert list(policy.things()) == []
    assert policy.erase("prj_1", now(), "").erased == {}
    store.of(ProjectAccess).change(
        "prj_1", lambda project_access: project_access.close("Projet livré.")
    )
    (thing,) = policy.things()
    assert (thing.thing_id, thing.member_id) == ("prj_1", "mbr_h")
    assert policy.erase("prj_1", thing.since - timedelta(days=1), "").erased == {}
    assert policy.erase("prj_1", thing.since, "").erased == {"demandes": 2}
    kept = store.of(ProjectAccess).get("prj_1")
    text = kept.model_dump_json(exclude={"outbox"})
    assert not any(word in text for word in ("Arrêts", "Ville", "recette", "Bus"))
    grant = kept.request_for("dts_buses")
    assert (grant.state, grant.consents) == ("revoked", ["mbr_o"])
    assert list(policy.things()) == []
