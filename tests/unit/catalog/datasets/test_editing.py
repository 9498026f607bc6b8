"""What an owner may say anew of a dataset, and what its data and their origin do not allow."""

from typing import Any

import pytest

from services.catalog.datasets.bodies import ChangeDataset
from services.catalog.datasets.editing import check
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from shared.engine.tables.privacy import Privacy
from shared.errors import Invalid
from shared.events import DatasetDescribed
from tests.unit.catalog.datasets.test_legal_basis import basis, held, sensitive
from tests.unit.catalog.samples import made_of, metadata, profile, published, ref, sources_under


def change(**fields: Any) -> ChangeDataset:
    """A body with these fields only."""
    return ChangeDataset.model_validate(fields)


def result(
    *licences: str, privacy: Privacy | None = None, source_privacy: Privacy | None = None
) -> Dataset:
    """A restricted result of a project, made of data under these licences."""
    provenance = made_of(*sources_under(*licences), privacy=source_privacy)
    about = metadata(access="restricted", licence="lov2")
    read = profile("commune").model_copy(update={"privacy": privacy})
    return published("dts_r", about, project_id="prj_1", provenance=provenance, shown=read)


def test_only_what_is_given_changes_and_is_told() -> None:
    """The event names the fields that are different now; the same again tells nothing."""
    dataset = published(about=metadata(territory=("14",)))
    before, event_count = dataset.changed_at, len(dataset.recorded())
    body = change(title="  Communes du Calvados ", licence="ODbL", territory=["14"])
    for _ in range(2):
        dataset.describe(body.applied_to(dataset.metadata))
    about = dataset.metadata
    assert (about.title, about.licence) == ("Communes du Calvados", "odc-odbl")
    assert (about.theme, about.territory, about.access) == ("territoire", ("14",), "open")
    (event,) = dataset.recorded()[event_count:]
    assert isinstance(event, DatasetDescribed)
    assert (event.title, event.changed) == ("Communes du Calvados", ("title", "licence"))
    assert dataset.changed_at >= before


def test_schema_names_no_default_that_a_caller_could_send() -> None:
    """A client made from it would else restrict what it only meant to rename."""
    fields = ChangeDataset.model_json_schema()["properties"]
    assert "access" in fields
    assert not any("default" in field for field in fields.values())


def test_null_takes_away_what_may_be_missing() -> None:
    """A contact goes; a title cannot."""
    contact = {"name": "SIG", "email": "sig@ville.example"}
    changed_metadata = change(contact=contact).applied_to(metadata())
    assert changed_metadata.contact
    assert change(contact=None).applied_to(changed_metadata).contact is None
    with pytest.raises(ValueError, match="title"):
        change(title=None)


def _of_others() -> Dataset:
    dataset = published(about=metadata(access="restricted"))
    dataset.source_owners = ["mbr_other"]
    return dataset


def _secret() -> Dataset:
    return published(about=metadata(access="restricted"), shown=sensitive("diagnostic"))


def _confirmed() -> Dataset:
    dataset = held()
    dataset.confirm(None, basis(), restrict=False)
    # What the newest version says no more, the one before still shows.
    dataset.register(VersionContent(file=ref("d"), filename="b.csv"))
    dataset.publish(2, ref("e"), profile("commune"), "job_2")
    return dataset


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        pytest.param(_of_others(), "demandez son ouverture", id="of_others"),
        pytest.param(held(), "nomme des personnes", id="held"),
        pytest.param(_confirmed(), "nomme des personnes", id="confirmed"),
        pytest.param(_secret(), "des données sensibles", id="secret"),
        pytest.param(
            result("lov2", privacy=Privacy(verdict="quasi", subject="persons", k=2)),
            "distinguer des personnes",
            id="unsafe_result",
        ),
        pytest.param(
            result("lov2", source_privacy=Privacy(verdict="quasi", subject="groups", k=2)),
            "distinguer des personnes",
            id="unsafe_sums",
        ),
        pytest.param(result("odc-odbl", "cc-by-sa"), "ODbL 1.0, 4.2", id="conflict"),
        pytest.param(result("notspecified"), "bac à sable", id="asks"),
    ],
)
def test_what_must_stay_restricted_is_not_opened(dataset: Dataset, reason: str) -> None:
    """The answer says why, in French; all else may be said anew."""
    with pytest.raises(Invalid, match=reason) as refused:
        check(dataset, change(access="open"))
    assert refused.value.field == "access"
    check(dataset, change(title="Autre titre", access="restricted"))


def test_result_keeps_the_licence_that_its_sources_impose() -> None:
    """Another one is refused; for an upload any licence is its owner's word."""
    with pytest.raises(Invalid, match="imposée par les sources") as refused:
        check(result("odc-odbl", "lov2"), change(licence="cc-zero"))
    assert refused.value.field == "licence"
    check(result("odc-odbl", "lov2"), change(licence="ODbL"))
    check(published(), change(licence="cc-zero"))
