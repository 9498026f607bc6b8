"""Which steps a job does anew, and that it makes the same as without any from before."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.compute.execution.step_cache.model import KeptStep
from shared.events import Step
from tests.integration.compute.step_cache.projects import Project


def query(sql: str, reads: str, output: str) -> Step:
    """A query of a table, which it calls `t`."""
    parameters = {"sql": sql}
    return Step(application="query", inputs={"t": reads}, output=output, parameters=parameters)


def clean() -> Step:
    """The homes with streets in capitals."""
    return query("SELECT com, homes, upper(street) AS street FROM t", "homes", "cleaned")


def cross(left: str = "homes", **more: Any) -> Step:
    """Homes with the towns that they are in."""
    keys = {"left_key": "com", "right_key": "code", **more}
    inputs = {"left": left, "right": "towns"}
    return Step(application="cross", inputs=inputs, parameters=keys, output="crossed")


def add_up(by: str = "epci", table: str = "crossed", **more: Any) -> Step:
    """Their homes by group."""
    fields = {"by": [by], "sums": ["homes"], **more}
    return Step(
        application="aggregate", inputs={"table": table}, parameters=fields, output="summed"
    )


def chart(title: str, label: str = "epci") -> Step:
    """A chart of the sums."""
    fields = {"label": label, "value": "homes", "title": title}
    return Step(application="chart", inputs={"table": "summed"}, parameters=fields, output="drawn")


def test_same_recipe_again_does_no_step(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result is the same, and log and reports say which job had made it."""
    first = project.run(clean(), cross("cleaned"), add_up())
    assert first.reused == []
    capsys.readouterr()
    again = project.run(clean(), cross("cleaned"), add_up())
    assert again.reused == ["cleaned", "crossed", "summed"]
    assert again.result.equals(first.result)
    assert again.plain_reports == first.plain_reports
    source = again.reports[1]["reused"]
    assert source["job_id"] == first.job.id
    day = "/".join(reversed(source["day"].split("-")))
    logs = [json.loads(line).get("log") for line in capsys.readouterr().out.splitlines()]
    text = f"étape 2, Croiser deux tables → « crossed » : reprise du {day} (calcul identique)"
    assert text in logs


def test_crossing_that_is_read_once_is_kept_without_its_table(project: Project) -> None:
    """To keep it would have made it; the sums of it are enough."""
    first = project.run(cross(), add_up())
    tables = {kept_step.id: bool(kept_step.table) for kept_step in project.kept}
    keys = first.work.keeping.keys
    assert tables == {keys["crossed"]: False, keys["summed"]: True}


def test_changed_last_step_alone_is_done(project: Project) -> None:
    """What is before it comes from the earlier job."""
    project.run(clean(), cross("cleaned"), add_up())
    other = project.run(clean(), cross("cleaned"), add_up("street"))
    assert other.reused == ["cleaned"]
    assert project.run(clean(), cross("cleaned"), add_up("street")).reused[-1] == "summed"


def test_changed_chart_does_no_step(project: Project) -> None:
    """It is drawn anew, of the sums from before."""
    project.run(cross(), add_up(), chart("Logements"))
    again = project.run(cross(), add_up(), chart("Logements par EPCI"))
    assert again.reused == ["crossed", "summed"]
    assert again.reports[-1]["pictures"][0]["title"] == "Logements par EPCI"


def test_changed_input_lets_all_steps_be_done(project: Project) -> None:
    """A new version has another hash."""
    project.run(cross(), add_up())
    project.tables["homes"] = project.tables["homes"].slice(0, 399)
    assert project.run(cross(), add_up()).reused == []


def test_another_project_does_its_own(project: Project) -> None:
    """That it is quick would tell it what others ran."""
    project.run(cross(), add_up())
    other = Project(project.store, project.files, project.home, project.tables)
    assert other.run(cross(), add_up()).reused == []
    assert not {kept_step.id for kept_step in project.kept} & {
        kept_step.id for kept_step in other.kept
    }


def test_table_that_was_not_kept_is_made_for_who_reads_it(project: Project) -> None:
    """The crossing is read by another step now; from then on its table is kept, too."""
    project.run(cross(), add_up())
    by_street = add_up("street").model_copy(update={"output": "other"})
    project.run(cross(), add_up(), by_street)
    again = project.run(cross(), add_up(), add_up("com").model_copy(update={"output": "third"}))
    assert again.reused == ["crossed", "summed"]


def test_sums_of_persons_come_with_the_table_that_they_are_of(project: Project) -> None:
    """Whether their groups are small is looked up in it each time."""
    first, last = ("Marie", "Jean", "Anne", "Luc"), ("Martin", "Durand", "Petit", "Moreau", "Leroy")
    persons = [(output, other) for output in first for other in last]
    columns = {
        "nom": [other for _, other in persons],
        "prenom": [person for person, _ in persons],
        "com": ["14018"] * 17 + ["14001"] * 3,
        "homes": list(range(20)),
    }
    project.tables["homes"] = pa.table(columns)
    steps = (cross(), add_up("com"))
    done, again = project.run(*steps), project.run(*steps)
    assert done.reports[-1]["privacy"]["subject"] == "groups"
    assert again.reports[-1]["privacy"] == done.reports[-1]["privacy"]
    assert again.reused == ["summed"]


def test_short_steps_are_not_kept(project: Project) -> None:
    """To make them again is quicker than to look for them."""
    project.settings = project.settings.model_copy(update={"step_cache_seconds": 60.0})
    project.run(cross(), add_up())
    assert project.kept == []


_BY = st.sampled_from(["epci", "street", "com"])
_RECIPES = st.tuples(st.booleans(), st.sampled_from(["inner", "left", "anti"]), _BY, st.booleans())


def recipe(is_cleaned: bool, how: str, by: str, is_drawn: bool) -> list[Step]:
    """A small recipe, some of whose steps others have, too."""
    before = [clean()] if is_cleaned else []
    by = "street" if how == "anti" else by
    steps = [*before, cross("cleaned" if is_cleaned else "homes", how=how), add_up(by)]
    return [*steps, chart("T", by)] if is_drawn else steps


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(recipes=st.lists(_RECIPES, min_size=2, max_size=4))
def test_job_makes_the_same_with_what_was_kept_as_without(
    project: Project, recipes: list[tuple[bool, str, str, bool]]
) -> None:
    """Whatever ran before, rows and reports are those of a job that does all."""
    for choices in recipes:
        steps = recipe(*choices)
        kept, without = project.run(*steps), project.run(*steps, is_kept=False)
        assert kept.result.equals(without.result)
        assert [_untimed(report) for report in kept.plain_reports] == [
            _untimed(report) for report in without.plain_reports
        ]


def _untimed(report: dict[str, Any]) -> dict[str, Any]:
    """A report without the day that its picture was drawn."""
    return {name: value for name, value in report.items() if name != "pictures"}


def test_kept_steps_are_found_by_what_they_are_made_of(project: Project) -> None:
    """Who ends a dataset, a job or a member finds them by it."""
    done = project.run(cross(), add_up())
    kept_steps = project.store.of(KeptStep).every({"job_id": done.job.id})
    assert {kept_step.dataset_ids for kept_step in kept_steps} == {("dts_homes", "dts_towns")}
