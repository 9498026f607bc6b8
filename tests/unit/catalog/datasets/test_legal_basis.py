"""A version that names persons, or shows secrets of few, waits for its owner."""

import pytest

from services.catalog.access.obstacles import notes_of
from services.catalog.datasets.legal_basis import Basis, LegalBasis
from services.catalog.datasets.metadata import AccessLevel
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import view_of
from shared.aggregate import now
from shared.auth import Caller
from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import Finding, Privacy
from shared.errors import Invalid, WrongStage
from shared.events import DatasetHeld, DatasetPublished, DatasetRegistered
from tests.unit.catalog.samples import metadata, profile, published, ref

OWNER = Caller("mbr_owner", frozenset())
OTHER = Caller("mbr_other", frozenset())


def screened(privacy: Privacy, *keys: str) -> Profile:
    """The profile of a table about which screening said that."""
    return profile(*keys).model_copy(update={"privacy": privacy})


def naming(*columns: str) -> Profile:
    """The profile of a table whose columns name persons."""
    findings = tuple(
        Finding(column=name, kind="surname", role="direct", rows=3, confidence=0.9)
        for name in columns
    )
    privacy = Privacy(verdict="direct", subject="persons", findings=findings, k=1)
    return screened(privacy, "commune")


def basis(kind: Basis = "public_task") -> LegalBasis:
    """What an owner confirms."""
    return LegalBasis(
        basis=kind, purpose="annuaire", note="avis", confirmed_by="mbr_owner", confirmed_at=now()
    )


def read_as(profile: Profile, access: AccessLevel = "open") -> Dataset:
    """A dataset whose only version was read, and is as `profile`."""
    return published(about=metadata(access=access), shown=profile)


def held(*columns: str, access: AccessLevel = "restricted") -> Dataset:
    """A dataset whose only version names persons."""
    return read_as(naming(*columns or ("nom",)), access)


def publish_next(dataset: Dataset, *profiles: Profile) -> None:
    """Later versions, as they are read."""
    for number, read_profile in enumerate(profiles, start=2):
        dataset.register(VersionContent(file=ref(str(number)), filename="a.csv"))
        dataset.publish(number, ref("c"), read_profile, f"job_{number}")


def test_version_that_names_persons_is_held_and_says_so_once() -> None:
    """The event has columns and counts; nothing is published, also when its job ends again."""
    dataset = held()
    dataset.publish(1, ref("b"), naming("nom"), "job_1")
    events = [event for event in dataset.recorded() if isinstance(event, DatasetHeld)]
    assert [(event.version, event.columns, event.kinds, event.rows) for event in events] == [
        (1, ("nom",), ("surname",), 100)
    ]
    assert not any(isinstance(event, DatasetPublished) for event in dataset.recorded())
    assert (dataset.state, dataset.has_held, dataset.keys) == ("held", True, [])
    with pytest.raises(WrongStage, match="n'a pas confirmé"):
        dataset.readable()


def test_confirmed_version_is_published_and_keeps_its_basis() -> None:
    """Its table can be read from then on; a second confirmation finds nothing held."""
    dataset, legal_basis = held(), basis()
    dataset.confirm(None, legal_basis, restrict=False)
    version, table = dataset.readable()
    assert (version.legal_basis, table) == (legal_basis, ref("b"))
    assert [e.version for e in dataset.recorded() if isinstance(e, DatasetPublished)] == [1]
    assert (dataset.state, dataset.has_held) == ("published", False)
    with pytest.raises(WrongStage, match="attente d'une base légale"):
        dataset.confirm(1, basis(), restrict=False)


@pytest.mark.parametrize("kind", ["consent", "legal_obligation"])
def test_open_data_names_persons_by_law_or_with_their_consent(kind: Basis) -> None:
    """CRPA, article L312-1-2."""
    dataset = held(access="open")
    dataset.confirm(1, basis(kind), restrict=False)
    assert (dataset.state, dataset.metadata.access) == ("published", "open")


@pytest.mark.parametrize(
    "kind", ["contract", "vital_interests", "public_task", "legitimate_interests"]
)
def test_open_data_on_another_basis_has_to_be_restricted(kind: Basis) -> None:
    """The reason is French and says how; nothing changed until the owner does it."""
    dataset = held(access="open")
    with pytest.raises(Invalid, match=r"L312-1-2.*restrict") as refused:
        dataset.confirm(1, basis(kind), restrict=False)
    assert refused.value.field == "basis"
    assert dataset.state == "held"
    dataset.confirm(1, basis(kind), restrict=True)
    assert (dataset.state, dataset.metadata.access) == ("published", "restricted")


def test_confirmation_covers_later_versions_that_name_nobody_more() -> None:
    """The same columns, or fewer, are published on it; another column is held."""
    dataset = held("nom", "mail")
    dataset.confirm(1, basis(), restrict=False)
    publish_next(dataset, naming("nom"), naming("nom", "adresse"))
    assert [v.state for v in dataset.versions] == ["published", "published", "held"]
    assert dataset.versions[1].legal_basis == dataset.versions[0].legal_basis
    assert (dataset.state, dataset.has_held, dataset.readable()[0].number) == ("published", True, 2)


def test_others_see_neither_held_versions_nor_notes() -> None:
    """The owner does."""
    dataset = held()
    assert view_of(dataset, OTHER).versions == []
    assert view_of(dataset, OWNER).versions[0].state == "held"
    dataset.confirm(1, basis(), restrict=False)
    notes = [
        legal_basis.note
        for caller in (OWNER, OTHER)
        if (legal_basis := view_of(dataset, caller).versions[0].legal_basis)
    ]
    assert notes == ["avis", ""]


@pytest.mark.parametrize(("k", "access"), [(1, "restricted"), (5, "open"), (None, "open")])
def test_result_that_singles_persons_out_is_restricted(k: int | None, access: str) -> None:
    """Its sources were open because they did not; what owners upload is theirs to judge."""
    profile = screened(Privacy(verdict="quasi", subject="persons", k=k))
    for project_id, expected in (("prj_1", access), (None, "open")):
        dataset = published(about=metadata(access="open"), shown=profile, project_id=project_id)
        assert (dataset.state, dataset.metadata.access) == ("published", expected)


def sensitive(*columns: str, k: int | None = 1) -> Profile:
    """The profile of a table that names nobody and has health in these columns."""
    findings = tuple(
        Finding(column=name, kind="health", role="sensitive", rows=3, confidence=0.7)
        for name in columns
    )
    return screened(Privacy(verdict="quasi", subject="persons", findings=findings, k=k))


@pytest.mark.parametrize(
    ("access", "profile", "state"),
    [
        ("open", sensitive("diagnostic"), "held"),
        ("open", sensitive("diagnostic", k=5), "published"),
        ("open", sensitive("diagnostic", k=None), "published"),
        ("open", sensitive(), "published"),
        ("restricted", sensitive("diagnostic"), "published"),
    ],
)
def test_open_version_that_shows_secrets_of_few_is_held(
    access: AccessLevel, profile: Profile, state: str
) -> None:
    """RGPD articles 9 and 10; restricted data has readers whom its owner chose."""
    dataset = read_as(profile, access)
    columns = [event.columns for event in dataset.recorded() if isinstance(event, DatasetHeld)]
    assert (dataset.state, columns) == (state, [("diagnostic",)] if state == "held" else [])
    assert ("articles 9 et 10" in dataset.versions[0].reason) == (state == "held")


def test_confirmed_secrets_cover_no_other_ones() -> None:
    """The next version with the same sensitive column is published, one with another is held."""
    dataset = read_as(sensitive("diagnostic"))
    with pytest.raises(Invalid, match="L312-1-2"):
        dataset.confirm(None, basis(), restrict=False)
    dataset.confirm(None, basis("consent"), restrict=False)
    assert dataset.versions[0].reason == ""
    publish_next(dataset, sensitive("diagnostic"), sensitive("diagnostic", "handicap"))
    assert [v.state for v in dataset.versions] == ["published", "published", "held"]


def test_screened_anew_a_version_that_names_persons_is_held() -> None:
    """Screening did not know before; the older one, shown in its place, is screened anew too."""
    dataset = read_as(profile("commune"))
    publish_next(dataset, profile("commune"))
    dataset.read_again()
    dataset.read_again()
    assert [v.again for v in dataset.versions] == [False, True]
    assert dataset.readable()[0].number == 2
    dataset.publish(2, ref("d"), naming("nom"), "job_3")
    assert [v.state for v in dataset.versions] == ["published", "held"]
    assert [v.again for v in dataset.versions] == [True, False]
    dataset.publish(1, ref("d"), naming("nom"), "job_4")
    assert [(v.state, v.again) for v in dataset.versions] == [("held", False)] * 2
    events = [event for event in dataset.recorded() if isinstance(event, DatasetRegistered)]
    again = [(event.version, event.again) for event in events]
    assert again == [(1, False), (2, False), (2, True), (1, True)]


def test_screened_anew_a_version_that_names_nobody_stays() -> None:
    """Nobody is told again that it is published; one that cannot be read any more stays as well."""
    dataset = read_as(profile("commune"))
    dataset.read_again()
    dataset.publish(1, ref("c"), profile("siren"), "job_2")
    assert (dataset.state, dataset.keys) == ("published", ["siren"])
    dataset.read_again()
    dataset.reject(1, "mémoire", "job_3")
    assert (dataset.state, dataset.versions[0].again) == ("published", False)
    assert len([e for e in dataset.recorded() if isinstance(e, DatasetPublished)]) == 1


def test_reviewers_are_told_the_basis_apart_from_what_was_found() -> None:
    """Once its owner declared one; the columns stand beside it."""
    dataset = read_as(screened(Privacy(verdict="quasi", subject="persons"), "commune"))
    [note] = notes_of({dataset.id: dataset})
    assert note.basis == ""
    dataset = held()
    dataset.confirm(1, basis(), restrict=False)
    [note] = notes_of({dataset.id: dataset})
    assert "« mission d'intérêt public », pour : « annuaire »" in note.basis
    assert "« nom »" in note.said
    assert "mission" not in note.said
