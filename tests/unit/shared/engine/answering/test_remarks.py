"""What is said of restricted data before a treatment runs: who answers, and what waits."""

from collections.abc import Sequence
from typing import Any

from shared.engine.analysis.answers import answer_remarks
from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step
from tests.unit.shared.engine.answering.worlds import PEOPLE, payments, people

BY_SEX = step("aggregate", {"table": PEOPLE}, "a", by=["sexe"], rows="n")
ROWS = step("filter", {"table": PEOPLE}, "a", column="sexe", comparison="=", value="F")


def remarks(steps: Sequence[Any], *tables: KnownTable, **inputs: str) -> list[Remark]:
    """The remarks on steps that read the people, and other tables besides."""
    named = {PEOPLE: people().known_table.dataset_id, **inputs}
    treatment = Treatment.model_validate({"inputs": named, "steps": steps})
    return list(answer_remarks(treatment, KnownInputs(tables=tables)))


def test_data_that_answer_are_named() -> None:
    """At the input that reads them."""
    (remark,) = remarks([BY_SEX], people().known_table)
    assert (remark.kind, remark.field) == ("at_once", f"inputs.{PEOPLE}")
    assert remark.message == "« caf » répond aussitôt, par ses tableaux protégés"


def test_what_waits_says_why_at_the_step() -> None:
    """And who decides then."""
    (remark,) = remarks([ROWS], people().known_table)
    assert (remark.kind, remark.field, remark.dataset_id) == ("waits", "steps.0", "dts_caf")
    assert "lignes une à une" in remark.message
    assert remark.message.endswith("les propriétaires de « caf » décident, puis un relecteur")


def test_data_without_tables_wait() -> None:
    """Those that are not restricted have no remark, whatever their tables are."""
    bare = people().known_table.model_copy(update={"facts": None})
    (remark,) = remarks([BY_SEX], bare)
    assert (remark.kind, remark.field) == ("waits", f"inputs.{PEOPLE}")
    assert "n'a pas de tableaux protégés" in remark.message
    assert not remarks([BY_SEX], people().known_table.model_copy(update={"is_restricted": False}))


def test_tables_for_granted_projects_wait_for_their_owner_alone() -> None:
    """No reviewer is waited for."""
    table = people().known_table
    assert table.facts
    policy = table.facts.policy.model_copy(update={"readers": "granted"})
    facts = table.facts.model_copy(update={"policy": policy})
    (remark,) = remarks([BY_SEX], table.model_copy(update={"facts": facts}))
    assert (remark.kind, remark.field) == ("waits", f"inputs.{PEOPLE}")
    assert "une fois que ses propriétaires l'ont accordé ; il n'y a pas de rel" in remark.message


def test_two_restricted_datasets_are_said_apart() -> None:
    """Counts of each by themselves answer for both."""
    aids = step("aggregate", {"table": "aides"}, "b", by=["sexe"], sums=["aide"])
    both = step("cross", {"left": "a", "right": "b"}, "c", left_key="sexe", right_key="sexe")
    tables = (people().known_table, payments().known_table)
    kinds = [remark.kind for remark in remarks([BY_SEX, aids, both], *tables, aides="dts_aides")]
    assert kinds == ["at_once", "at_once"]
