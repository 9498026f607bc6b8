"""What an owner lets be shown of restricted data: tried, seen, agreed to, renewed, removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.decisions.publication import (
    Edition,
    Publication,
    next_edition_at,
    next_noise_at,
)
from shared.aggregate import LONG_AGO, now
from shared.engine.contract.policy import MadeTables, PolicyDimension, ReleasePolicy
from shared.engine.tables.privacy import Privacy
from shared.errors import WrongStage
from shared.events import (
    FileRef,
    ProtectionRequested,
    ReleasePolicyAgreed,
    ReleasePolicySet,
    ResultsRecalled,
)
from tests.unit.catalog.samples import (
    made_of,
    metadata,
    profile,
    published,
    ref,
    registered,
    sources_under,
)


def policy(*columns: str) -> ReleasePolicy:
    """A policy of these columns."""
    return ReleasePolicy(
        dimensions=tuple(PolicyDimension(column=name, levels=("value",)) for name in columns)
    )


FIRST, SECOND = policy("statut"), policy("statut", "sexe")
NOISY = FIRST.model_copy(update={"method": "noise", "guess_percent": 60, "editions_a_year": 2})


def restricted(**more: Any) -> Dataset:
    """A restricted dataset with a version that was read."""
    return published("dts_r", metadata("Aides", access="restricted", **more))


def tried(dataset: Dataset | None = None) -> Dataset:
    """The same with the tables of a first policy, which its owner sees."""
    dataset = dataset or restricted()
    dataset.set_policy(FIRST)
    note(dataset, 1, FIRST)
    return dataset


def note(dataset: Dataset, version: int, made_by: ReleasePolicy, letter: str = "c") -> None:
    """Let a job have made the tables of a version by that policy."""
    tables = MadeTables(
        policy=made_by, tables=("ensemble",), most_at_once=1, cells=1, shown=1,
        has_repeated_units=False,
    )  # fmt: skip
    dataset.note_tables(version, tables, ref(letter), "job_1")


def publication_of(dataset: Dataset) -> Publication:
    """Its publication, which is there."""
    assert dataset.publication
    return dataset.publication


def requests(dataset: Dataset) -> list[tuple[int, int]]:
    """The version and the policy's number of each request for tables."""
    return [
        (event.version, event.number)
        for event in dataset.recorded()
        if isinstance(event, ProtectionRequested)
    ]


def test_owner_of_restricted_data_is_asked_until_it_said_anything() -> None:
    """A policy, or that there is to be none, also once what it said first is removed."""
    asked, refused = restricted(), restricted()
    assert asked.lacks_policy
    asked.set_policy(FIRST)
    for _ in range(2):
        refused.remove_policy()
    assert (asked.lacks_policy, refused.lacks_policy, refused.shows_nothing) == (False, False, True)
    asked.remove_policy()
    assert (asked.lacks_policy, asked.shows_nothing) == (False, True)
    asked.set_policy(FIRST)
    assert not asked.shows_nothing


def test_owner_is_asked_for_no_policy_of_what_can_have_none() -> None:
    """Open data, results of others' data, files, what nobody can read, and what is retired."""
    retired, unread = restricted(), registered("dts_u", metadata(access="restricted"))
    retired.retire_here(retired.owner_id, "fini")
    files = published("dts_f", metadata(access="restricted", content="files"))
    result = restricted()
    result.source_owners = ["mbr_z"]
    for dataset in (published("dts_o", metadata()), unread, retired, files, result):
        assert not dataset.lacks_policy
        dataset.remove_policy()
        assert not dataset.shows_nothing


def test_same_policy_again_changes_nothing() -> None:
    """Another one is the next number, and its tables are asked for."""
    dataset = restricted()
    for next_policy in (FIRST, FIRST, SECOND):
        dataset.set_policy(next_policy)
    assert requests(dataset) == [(1, 1), (1, 2)]
    numbers = [e.number for e in dataset.recorded() if isinstance(e, ReleasePolicySet)]
    assert numbers == [1, 2]


def test_same_policy_again_is_tried_again_where_that_failed() -> None:
    """An operator cancelled the job, or the data changed: what was agreed to stays so."""
    dataset = tried()
    dataset.agree_to_tables(1)
    dataset.note_no_tables(2, "annulé")
    assert publication_of(dataset).refusal == "annulé"
    dataset.set_policy(FIRST)
    assert requests(dataset) == [(1, 1), (1, 1)]
    assert publication_of(dataset).agreed_at
    assert not publication_of(dataset).refusal


@pytest.mark.parametrize(
    "dataset",
    [
        published("dts_o"),
        Dataset(id="dts_w", owner_id="m", metadata=metadata(access="restricted")),
        published("dts_f", metadata(access="restricted", content="files")),
        published(
            "dts_m",
            metadata(access="restricted"),
            provenance=made_of(*sources_under("lov2"), restricted_ids=("dts_x",)),
        ),
    ],
    ids=["open", "not read yet", "files", "made of others' data"],
)
def test_only_restricted_tables_of_one_s_own_have_a_policy(dataset: Dataset) -> None:
    """Of a crossing the others decide, too."""
    with pytest.raises(WrongStage):
        dataset.set_policy(FIRST)


def test_owner_agrees_to_the_tables_that_it_saw() -> None:
    """Not to some that are not there, nor to those of another policy; once is enough."""
    dataset = restricted()
    with pytest.raises(WrongStage, match="n'a pas dit"):
        dataset.agree_to_tables(1)
    dataset.set_policy(FIRST)
    with pytest.raises(WrongStage, match="ne sont pas faits"):
        dataset.agree_to_tables(1)
    note(dataset, 1, FIRST)
    dataset.set_policy(SECOND)
    for number in (1, 2):
        with pytest.raises(WrongStage):
            dataset.agree_to_tables(number)
    note(dataset, 1, SECOND)
    dataset.agree_to_tables(2)
    dataset.agree_to_tables(2)
    assert [isinstance(event, ReleasePolicyAgreed) for event in dataset.recorded()].count(True) == 1


def test_late_results_change_nothing() -> None:
    """Of another policy, an older version, or told twice; nor does the failure of such a job."""
    dataset = tried()
    dataset.set_policy(SECOND)
    note(dataset, 2, SECOND, "d")
    before = publication_of(dataset)
    note(dataset, 2, FIRST, "e")
    note(dataset, 1, SECOND, "e")
    note(dataset, 2, SECOND, "e")
    dataset.note_no_tables(1, "colonne absente")
    assert publication_of(dataset) == before


def test_tables_answer_once_everybody_can_read_them() -> None:
    """Those before go on until then, also while another policy is tried."""
    dataset = tried()
    dataset.agree_to_tables(1)
    dataset.note_published_tables(ref("c"))
    assert dataset.answering_tables is None
    dataset.enter_edition(())
    assert dataset.answering_tables is None
    dataset.note_published_tables(ref("c"))
    assert dataset.answering_tables
    assert dataset.answering_tables.policy == FIRST
    note(dataset, 2, FIRST, "d")
    dataset.set_policy(SECOND)
    note(dataset, 2, SECOND, "e")
    dataset.note_published_tables(ref("e"))
    assert dataset.answering_tables.policy == FIRST
    dataset.agree_to_tables(2, 2)
    dataset.note_published_tables(ref("e"))
    assert dataset.answering_tables.policy == SECOND


TODAY = datetime(2027, 3, 1, tzinfo=UTC)


def left(*days_ago: int, series: str = "") -> list[Edition]:
    """Editions that left so many days ago."""
    return [
        Edition(version=1, number=1, series=series, left_at=TODAY - timedelta(days))
        for days in days_ago
    ]


@pytest.mark.parametrize(
    ("days_ago", "a_year", "in_days"),
    [
        ((), 1, None),
        ((0,), 1, 365),
        ((364,), 1, 1),
        ((365,), 1, 0),
        ((10, 700), 1, 355),
        ((10,), 2, None),
        ((10, 20), 2, 345),
        ((20, 10, 30), 2, 345),
        ((10, 20, 400), 3, -35),
    ],
)
def test_so_many_editions_leave_in_a_year(
    days_ago: tuple[int, ...], a_year: int, in_days: int | None
) -> None:
    """The next one once the last but so many is a year old; at once where fewer left."""
    expected = LONG_AGO if in_days is None else TODAY + timedelta(in_days)
    assert next_edition_at(left(*days_ago), a_year) == expected


def test_no_edition_leaves_by_itself_where_its_owner_agrees_to_each() -> None:
    """However long ago the last one left."""
    assert next_edition_at(left(5000), 0) is None


def renewed(a_year: int = 1, days_ago: tuple[int, ...] = ()) -> Dataset:
    """A dataset whose tables of version 2 its owner has not seen, and editions of before."""
    dataset, made_by = restricted(), FIRST.model_copy(update={"editions_a_year": a_year})
    dataset.set_policy(made_by)
    note(dataset, 1, made_by)
    dataset.agree_to_tables(1)
    dataset.editions = [
        edition.model_copy(update={"left_at": now() - timedelta(days)})
        for edition, days in zip(left(*days_ago), days_ago, strict=True)
    ]
    read(dataset, "d")
    note(dataset, 2, made_by, "d")
    return dataset


@pytest.mark.parametrize(
    ("a_year", "days_ago", "days_ago_of_others", "is_leaving"),
    [
        (0, (), (), False),
        (1, (), (), True),
        (1, (364,), (), False),
        (1, (366,), (), True),
        (1, (), (364,), False),
        (1, (366,), (366,), True),
        (2, (10,), (), True),
        (2, (10,), (20,), False),
    ],
)
def test_version_within_the_year_waits(
    a_year: int, days_ago: tuple[int, ...], days_ago_of_others: tuple[int, ...], *, is_leaving: bool
) -> None:
    """Until its owner agrees to this very one; what others of its series left counts as well."""
    dataset, today = renewed(a_year, days_ago), now()
    of_others = [
        edition.model_copy(update={"left_at": today - timedelta(days)})
        for edition, days in zip(left(*days_ago_of_others), days_ago_of_others, strict=True)
    ]
    for _ in range(2):
        dataset.enter_edition(of_others)
    assert len(dataset.editions) == len(days_ago) + is_leaving
    assert bool(publication_of(dataset).leaving) == is_leaving
    for _ in range(2):
        dataset.agree_to_tables(1, 2)
    assert [edition.version for edition in dataset.editions[len(days_ago) :]] == [2]
    assert publication_of(dataset).leaving == publication_of(dataset).latest


def test_agreement_to_an_edition_names_the_one_that_was_seen() -> None:
    """Not one of before or to come; that it leaves is told once."""
    dataset = renewed(0)
    for version in (1, 3):
        with pytest.raises(WrongStage, match="relisez-les"):
            dataset.agree_to_tables(1, version)
    assert dataset.editions == []
    for _ in range(2):
        dataset.agree_to_tables(1, 2)
    agreed = [event for event in dataset.recorded() if isinstance(event, ReleasePolicyAgreed)]
    assert (len(agreed), len(dataset.editions)) == (2, 1)


def test_tables_of_an_older_version_take_no_newer_one_s_place() -> None:
    """They would leave by themselves as that comes, and it would wait for a year."""
    dataset = renewed(1, (364,))
    dataset.editions = []
    read(dataset, "e")
    dataset.enter_edition(())
    assert (dataset.editions, publication_of(dataset).leaving) == ([], None)


def test_what_left_is_counted_after_the_policy_and_the_data_are_gone() -> None:
    """So that a new policy, or the next month as another dataset, is no way round."""
    made_by = FIRST.model_copy(update={"series": "allocataires"})
    dataset = restricted()
    dataset.set_policy(made_by)
    assert dataset.series == ["allocataires"]
    note(dataset, 1, made_by)
    dataset.agree_to_tables(1, 1)
    dataset.remove_policy()
    dataset.set_policy(FIRST)
    note(dataset, 1, FIRST)
    dataset.agree_to_tables(2)
    dataset.enter_edition(())
    assert len(dataset.editions) == 1
    delete(dataset)
    assert (len(dataset.editions), dataset.series) == (1, ["allocataires"])


def test_each_published_version_has_its_tables_made() -> None:
    """As long as the data is restricted and its policy in force."""
    dataset = tried()
    read(dataset, "d")
    dataset.remove_policy()
    read(dataset, "e")
    assert requests(dataset) == [(1, 1), (2, 1)]


def read(dataset: Dataset, letter: str) -> None:
    """Another version comes and is read."""
    dataset.register(VersionContent(file=ref(letter), filename="a.csv"))
    dataset.publish(None, ref("b"), profile(), "job_1")


def test_removed_policy_makes_way_for_another_dataset_of_tables() -> None:
    """That of before is retired for good; numbers go on, so that no agreement is to another."""
    dataset = tried()
    first = dataset.tables_id
    dataset.remove_policy()
    assert (dataset.tables_id, dataset.answering_tables) == ("", None)
    dataset.set_policy(FIRST)
    assert publication_of(dataset).number == 2
    assert dataset.tables_id not in {"", first}


def test_retired_data_has_no_tables() -> None:
    """Nothing is asked of them any more."""
    dataset = tried()
    dataset.agree_to_tables(1)
    dataset.note_published_tables(ref("c"))
    dataset.retire_here("mbr_owner", "fin")
    assert (dataset.tables_id, dataset.answering_tables) == ("", None)


def delete(dataset: Dataset) -> None:
    """Its owner deletes it."""
    recalled = ResultsRecalled(
        dataset_id="dts_r", owner_id="mbr_owner", title="Aides", reason="fin", job_ids=()
    )
    dataset.delete("mbr_owner", "fin", "Aides", recalled, [])


def test_deletion_takes_the_tables_and_the_policy_with_it() -> None:
    """Those that come late, too."""
    dataset = tried()
    delete(dataset)
    assert dataset.publication is None
    note(dataset, 1, FIRST, "f")
    assert dataset.deletion
    assert {ref("c").sha256, ref("f").sha256} <= {*dataset.deletion.pending}


def test_protected_tables_are_not_held_for_what_they_tell_of_persons() -> None:
    """What is few or alike is hidden in them."""
    dataset = Dataset(id="dts_t", owner_id="m", metadata=metadata(), tables_of="dts_r")
    dataset.register(VersionContent(file=FileRef(sha256="a" * 64, size=1), filename="t.csv"))
    privacy = Privacy(verdict="direct", subject="persons", k=1)
    dataset.publish(1, ref("b"), profile().model_copy(update={"privacy": privacy}), "job_1")
    assert dataset.state == "published"


@pytest.mark.parametrize(
    ("spent", "days"),
    [
        ([], None),
        ([(10, 0.5)], None),
        ([(10, 0.5), (20, 0.5)], 20),
        ([(10, 1.0)], 10),
        ([(10, 0.5), (300, None)], 300),
        ([(10, None), (20, 0.5)], 10),
        ([(5, 0.2), (9, 0.2), (30, 0.2), (50, 0.2)], 30),
    ],
)
def test_noise_of_a_year_has_one_budget(
    spent: list[tuple[int, float | None]], days: int | None
) -> None:
    """The edition with which it would be exceeded has to be a year old; beside exact ones, too."""
    time = datetime(2026, 5, 4, tzinfo=UTC)
    editions = [
        Edition(version=1, number=1, left_at=time - timedelta(before), rho=rho)
        for before, rho in spent
    ]
    at = next_noise_at(editions, 0.5, 1.0)
    assert at == (LONG_AGO if days is None else time - timedelta(days) + timedelta(365))


def test_edition_with_noise_is_kept_with_what_it_spent() -> None:
    """Two a year leave by themselves; a larger share of another policy does not beside them."""
    dataset = restricted()
    dataset.set_policy(NOISY)
    note(dataset, 1, NOISY)
    dataset.agree_to_tables(1)
    dataset.enter_edition([])
    assert [edition.rho for edition in dataset.editions] == [NOISY.edition_budget]
    assert dataset.next_edition_at([]) == LONG_AGO
    once = NOISY.model_copy(update={"editions_a_year": 1})
    dataset.set_policy(once)
    at = dataset.next_edition_at([])
    assert at
    assert at > now() + timedelta(364)


def test_how_close_noise_is_goes_with_the_tables() -> None:
    """It is of the latest, and ends with them."""
    dataset = restricted()
    dataset.set_policy(NOISY)
    tables = MadeTables(
        policy=NOISY, tables=("ensemble",), most_at_once=1, cells=1, shown=1,
        has_repeated_units=False,
    )  # fmt: skip
    dataset.note_tables(1, tables, ref("c"), "job_1", 91)
    assert publication_of(dataset).close_percent == 91
    dataset.remove_policy()
    assert publication_of(dataset).close_percent is None
