"""What the figures of a year count, and what they tell of few."""

import random
import statistics
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.steering.activity_figures import HELD
from services.notify.steering.figure_rows import median_days
from services.notify.steering.model import Fact, Subject
from services.notify.steering.views import SteeringView, csv_of
from services.notify.steering.world import World, YearPeriod
from services.notify.steering.yearly_report import report_of
from shared.endings.redaction import redacted
from shared.events import (
    AccessGranted,
    AccessRefused,
    AccessRequested,
    DatasetDeleted,
    DatasetPublished,
    JobSucceeded,
    JoinsDiscovered,
    ProjectAdvised,
    ProjectRejected,
    ProjectSubmitted,
    ProjectWithdrawn,
    RenewalFailed,
    ResultHeld,
    ResultRefused,
    ResultReleased,
    ResultStale,
    ServiceRenewed,
    ServiceRetired,
    ServiceStopped,
)
from shared.events.event import Joined
from tests.unit.notify.samples import envelope
from tests.unit.notify.samples import instance_of as made
from tests.unit.notify.steering.story import (
    HOLDER,
    NOW,
    OWNER,
    PROJECT,
    START,
    Teller,
    Told,
    delivered,
    figure,
    values,
    view,
)


def asked(*owners: str) -> list[Told]:
    """A project that waits for these owners since the first day."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0)
    for number, owner in enumerate(owners):
        defaults = {"dataset_id": f"dts_{number}", "owner_id": owner}
        teller.tell(AccessRequested, number, f"acc_{number}", project_id=PROJECT, **defaults)
    return teller.told


def waits_for(who: str, *days: float) -> pd.DataFrame:
    """Waits for somebody, of so many days each."""
    return pd.DataFrame({"who": [who] * len(days), "days": pd.Series(days, dtype=float)})


def test_story_is_told_in_figures() -> None:
    """A delivered project, its stages, whom it waited for, what it read and what it took."""
    told = view(delivered())
    assert values(told, "projects_by_stage") == {"livré": 1}
    assert values(told, "projects_by_territory") == {"Calvados": 1, "Seine-Maritime": 1}
    assert values(told, "days_in_stage")["sécurisé"] == 20
    assert values(told, "days_waited_by_party")["porteur"] == 3.5
    assert values(told, "days_waited_by_stage")["sécurisé, producteur de données"] == 19
    assert values(told, "datasets_used") == {"Jeu 1 (dts_1)": 1, "Jeu 2 (dts_2)": 1}
    assert values(told, "datasets_asked") == {"Jeu 1 (dts_1)": 1}
    assert values(told, "requests_by_answer") == {"accordées": 1}
    assert values(told, "datasets")["jamais croisés par un projet"] == 1
    assert values(told, "services") == {"vivants": 1}
    assert values(told, "compute_by_month") == {"avril": 62.5}
    assert values(told, "invitations") == {"site pilote, acceptées": 1}
    assert (told.is_empty, told.cut, told.years) == (False, 0, (2026,))


def test_compute_is_told_by_member_to_operators_and_of_protected_jobs_the_flat_charge() -> None:
    """An upload is its owner's, a project's job its holder's; of a harvest nobody is known."""
    teller = Teller()
    teller.told += delivered()
    held = {"job_id": "job_9", "kind": "full", "seconds": 7.5, "project_id": PROJECT}
    teller.tell(JobSucceeded, 41, "job_9", **held, is_held=True)
    upload = {"job_id": "job_8", "kind": "ingest", "seconds": 3.0, "dataset_id": "dts_1"}
    teller.tell(JobSucceeded, 41, "job_8", **{**upload, "project_id": None})
    page = {"job_id": "job_7", "kind": "harvest", "seconds": 1.0, "harvest_id": "hrv_1"}
    teller.tell(JobSucceeded, 41, "job_7", **{**page, "project_id": None})
    told = view(teller.told)
    assert values(told, "compute_by_member") == {
        "Agence, avril": 122.5,
        "Ville, avril": 3,
        "sans membre connu, avril": 1,
    }
    assert values(told, "compute_by_month") == {"avril": 126.5}
    assert values(view(teller.told, sees_members=False), "compute_by_member") == {}


@settings(max_examples=15, deadline=None)
@given(st.sets(st.sampled_from(range(len(delivered())))))
def test_figures_are_made_of_whatever_was_heard(places: set[int]) -> None:
    """An event may be late, or lost: what is counted of others stays."""
    story = [delivered()[place] for place in sorted(places)]
    stages = sum(one.type.startswith("project_") for one in story)
    assert list(values(view(story), "projects_by_stage").values()) == [1][:stages]


def test_figures_of_many_projects_are_those_that_loops_count() -> None:
    """Stages, medians and themes of projects that began one after the other, counted apart."""
    teller, dice = Teller(), random.Random(4)
    days = [(day, day + 1 + dice.random() * 300) for day in range(60)]
    for number, (submitted, advised) in enumerate(days):
        subject = f"prj_{number}"
        theme = f"thème {number % 7 % 4}"
        teller.tell(ProjectSubmitted, submitted, subject, project_id=subject, theme=theme)
        teller.tell(ProjectAdvised, advised, subject, project_id=subject)
    now = (NOW - START) / timedelta(days=1)
    told = view(teller.told)
    is_advised = [advised < now for _, advised in days]
    stays = [min(advised, now) - submitted for submitted, advised in days]
    assert values(told, "projects_by_stage") == {
        "conseillé": sum(is_advised),
        "déposé": len(days) - sum(is_advised),
    }
    assert values(told, "days_in_stage")["déposé"] == round(statistics.median(stays), 1)
    themes = [f"thème {number % 7 % 4}" for number in range(len(days))]
    assert values(told, "projects_by_theme") == Counter(themes)


def test_project_that_is_open_counts_its_time_so_far() -> None:
    """And one that went on from the year before counts from its beginning."""
    teller = Teller()
    teller.tell(ProjectSubmitted, -100)
    teller.tell(ProjectAdvised, -80)
    days = (NOW - (START - timedelta(days=80))).days
    assert values(view(teller.told), "days_in_stage") == {"conseillé": days}
    assert values(view(teller.told), "projects_by_stage") == {"conseillé": 1}
    assert values(view(teller.told, 2025), "projects_by_stage") == {"conseillé": 1}
    past = values(view(teller.told, 2025), "days_in_stage")
    assert past == {"déposé": 20, "conseillé": 20.5}


def test_year_begins_and_ends_in_paris() -> None:
    """The last hour of a year in UTC is of the next one here."""
    new_year = pd.Series([datetime(2025, 12, 31, 23, 30, tzinfo=UTC)])
    assert YearPeriod.of(2026, NOW).has(new_year).all()
    assert not YearPeriod.of(2025, NOW).has(new_year).any()


@pytest.mark.parametrize(
    ("days", "middle"), [([], None), ([3], 3), ([1, 2], 1.5), ([9, 1, 2], 2), ([0.15], 0.1)]
)
def test_median_is_the_middle_one(days: list[float], middle: float | None) -> None:
    """Of an even number, the mean of the middle two; none of none. It is rounded as Python does."""
    assert median_days("ensemble", waits_for("", *days), sees_members=True).value == middle


def test_ends_are_counted_by_stage_and_by_whom_they_waited_for() -> None:
    """With the reasons beside, which no figure has."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0, holder_id=HOLDER)
    teller.tell(ProjectAdvised, 1)
    teller.tell(ProjectWithdrawn, 5, reason="Plus personne pour le porter.")
    teller.tell(ProjectSubmitted, 0, "prj_2", project_id="prj_2")
    teller.tell(ProjectRejected, 9, "prj_2", project_id="prj_2", reason="Illégal.")
    told = view(teller.told)
    assert values(told, "ends_by_stage") == {
        "refusé à l'étape déposé": 1,
        "retiré à l'étape conseillé": 1,
    }
    assert values(told, "ends_by_wait") == {"porteur": 1, "personne": 1}
    assert [(end.project_id, end.reason) for end in told.ends] == [
        ("prj_2", "Illégal."),
        (PROJECT, "Plus personne pour le porter."),
    ]
    assert "Illégal" not in repr(told.figures)


def test_delay_of_few_members_is_told_to_operators_alone() -> None:
    """Two owners would tell each other's; of three the middle one is told, and nobody by name."""
    for owners, ensemble in ((2, "moins de 3 membres"), (3, pytest.approx(244, abs=1))):
        story = asked(*(f"mem_{number}" for number in range(owners)))
        reviewer, operator = view(story, sees_members=False), view(story)
        assert values(reviewer, "owner_days") == {"ensemble": ensemble}
        assert len(values(operator, "owner_days")) == 1 + owners
        assert "mem_" not in repr(reviewer)


def test_wait_for_nobody_named_is_told() -> None:
    """The lab's own staff is no member; neither are no waits few."""
    staff = median_days("relecteur", waits_for("", 2.0), sees_members=False)
    assert (staff.value, staff.hidden) == (2.0, "")
    none = median_days("porteur", waits_for(""), sees_members=False)
    assert (none.value, none.hidden) == (None, "")


def test_datasets_that_could_be_crossed_and_are_not_are_told() -> None:
    """A join is known, from either side, and no project read both."""
    teller = Teller()
    for number in (1, 2, 3):
        defaults = {"dataset_id": f"dts_{number}", "owner_id": OWNER, "keys": ()}
        teller.tell(DatasetPublished, number, f"dts_{number}", **defaults)
    joins = (made(Joined, dataset_id="dts_1"),)
    teller.tell(JoinsDiscovered, 4, "dts_2", dataset_id="dts_2", owner_id=OWNER, joins=joins)
    told = values(view(teller.told), "datasets")
    assert told["publiés"] == told["jamais croisés par un projet"] == 3
    assert told["jamais croisés, bien qu'un croisement soit connu"] == 2


def test_refused_requests_count_by_dataset_and_by_answer() -> None:
    """Asked twice by one project, a dataset was refused to one."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0)
    defaults: dict[str, Any] = {"dataset_id": "dts_1", "owner_id": OWNER, "project_id": PROJECT}
    for day in (1, 5):
        teller.tell(AccessRequested, day, "acc_1", **defaults)
        teller.tell(AccessRefused, day + 1, "acc_1", **defaults)
    told = view(teller.told)
    assert values(told, "datasets_refused") == {"dts_1": 1}
    assert values(told, "requests_by_answer") == {"refusées": 1}


@pytest.mark.parametrize(("day", "state"), [(100, "vivants"), (-300, "dormants")])
def test_service_is_alive_for_a_year_after_its_last_sign(day: int, state: str) -> None:
    """A new version of its dataset, here; then it is dormant."""
    story = [
        figure.model_copy(update={"time": figure.time - timedelta(days=365)})
        for figure in delivered()
    ]
    teller = Teller()
    teller.tell(DatasetPublished, day, "dts_9", dataset_id="dts_3", owner_id=HOLDER, keys=())
    told = view([*story, *teller.told])
    assert values(told, "services") == {state: 1}
    assert bool(values(told, "services_silent")) == (state == "dormants")


def test_service_whose_dataset_is_deleted_is_dead() -> None:
    """Whatever was read of it before."""
    teller = Teller()
    teller.tell(DatasetDeleted, 60, "dts_3", dataset_id="dts_3", owner_id=HOLDER)
    assert values(view([*delivered(), *teller.told]), "services") == {"morts": 1}


def test_service_is_stale_until_its_last_result_is_newer() -> None:
    """What changed of an earlier result does not count, nor of a service that is dead."""
    teller = Teller()
    current, stale = {"à jour": 1}, {"à recalculer": 1}
    assert values(view(delivered()), "services_stale") == current
    job = {"kind": "full", "project_id": PROJECT}
    teller.tell(ResultStale, 60, "job_0", job_id="job_0", **job)
    assert values(view([*delivered(), *teller.told]), "services_stale") == current
    teller.tell(ResultStale, 61, "job_2", job_id="job_2", **job)
    assert values(view([*delivered(), *teller.told]), "services_stale") == stale
    again = Teller()
    again.tell(JobSucceeded, 70, "job_3", job_id="job_3", **job)
    assert values(view([*delivered(), *teller.told, *again.told]), "services_stale") == current
    again.tell(DatasetDeleted, 80, "dts_3", dataset_id="dts_3", owner_id=HOLDER)
    assert values(view([*delivered(), *teller.told, *again.told]), "services_stale") == {}


def test_service_is_stopped_until_it_reads_again_or_ends() -> None:
    """An edition or a grant says that it reads; one that ended is dead, and not stopped."""
    teller = Teller()
    counts: list[Any] = []
    for day, cls, about in (
        (60, ServiceStopped, {}),
        (61, AccessGranted, {"dataset_id": "dts_1", "owner_id": OWNER}),
        (62, ServiceStopped, {}),
        (63, ServiceRenewed, {"dataset_id": "dts_3"}),
        (64, ServiceStopped, {}),
        (65, ServiceRetired, {}),
    ):
        teller.tell(cls, day, **about)
        counts.append(values(view([*delivered(), *teller.told]), "services_stopped"))
    stopped, running = {"arrêtés": 1}, {"non arrêtés": 1}
    assert counts == [stopped, running, stopped, running, stopped, {}]
    assert values(view([*delivered(), *teller.told]), "services") == {"morts": 1}


def test_renewals_of_the_year_count_by_what_came_of_them() -> None:
    """Those of another year do not."""
    teller = Teller()
    for day, cls in ((60, ServiceRenewed), (61, ServiceRenewed), (62, RenewalFailed)):
        teller.tell(cls, day)
    teller.tell(ServiceRenewed, -300)
    told = values(view([*delivered(), *teller.told]), "renewals")
    assert told == {"nouvelles éditions": 2, "sans résultat": 1}


def test_themes_are_one_whatever_their_case_and_none_when_erased() -> None:
    """« Habitat » and « HABITAT » are one theme; an erased member's has no name."""
    teller = Teller()
    for number, theme in enumerate(("Habitat", "HABITAT", "Santé")):
        defaults = {"project_id": f"prj_{number}", "theme": theme}
        teller.tell(ProjectSubmitted, number, **defaults)
    erased = envelope(redacted(made(ProjectSubmitted, project_id="prj_e")), time=START)
    fields = values(view([*teller.told, erased]), "projects_by_theme")
    assert fields == {"Habitat": 2, "Santé": 1, "sans thème connu": 1}


@pytest.mark.parametrize(
    ("came", "ensemble"), [([4], "moins de 5"), ([0], "moins de 5"), ([5], 5), ([4, 30], 30)]
)
def test_few_persons_are_not_counted(came: list[int], ensemble: object) -> None:
    """Of workshops only all persons of a year are told, by the last count of each."""
    facts = tuple(
        Fact(key=f"e{number}", at=START, sequence=number, what=HELD, number=count)
        for number, count in enumerate(came)
    )
    held = Subject(id="workshop.w", about="workshop", thing_id="w", facts=facts)
    of = report_of(World(YearPeriod.of(2026, NOW), [held], sees_members=True))
    assert values(of, "workshops") == {"tenus": 1}
    assert values(of, "attendance") == {"ensemble": ensemble}


def test_every_figure_says_how_it_is_counted() -> None:
    """Names are unique; each has a title, a unit and a sentence."""
    steering = view(delivered())
    assert len({figure.name for figure in steering.figures}) == len(steering.figures)
    assert all(
        figure.title and figure.unit and figure.said.endswith(".") for figure in steering.figures
    )
    assert figure(steering, "services").unit == "services"


def test_reviewers_time_to_decide_on_results_is_told_with_the_number_of_decisions() -> None:
    """From the job's end to the decision; what lapsed, or waits still, is none."""
    teller = Teller()
    minute = 1 / (24 * 60)
    results = (
        ("job_1", "trial", ResultReleased, 4, "relecture"),
        ("job_2", "trial", ResultRefused, 10, "relecture"),
        ("job_3", "full", ResultReleased, 90, "relecture"),
        ("job_4", "full", ResultRefused, 900, ""),
    )
    for job_id, kind, decided, minutes, decided_by in results:
        about = {"job_id": job_id, "kind": kind, "project_id": PROJECT}
        teller.tell(ResultHeld, 0, job_id, **about)
        teller.tell(decided, minutes * minute, job_id, **about, decided_by=decided_by)
    about = {"job_id": "job_5", "kind": "full", "project_id": PROJECT}
    teller.tell(ResultHeld, 1, "job_5", **about)
    told = view(teller.told)
    assert values(told, "minutes_to_decide") == {
        "ensemble": 10,
        "essais": 7,
        "calculs complets": 90,
    }
    assert values(told, "results_decided") == {"ensemble": 3, "essais": 2, "calculs complets": 1}
    assert ["Décisions sur les résultats", "ensemble", "décisions", "3"] in lines_of(told)
    assert not values(view(()), "minutes_to_decide")


def lines_of(told: SteeringView) -> list[list[str]]:
    """The lines of the CSV."""
    return [line.split(";") for line in csv_of(told).decode().splitlines()]
