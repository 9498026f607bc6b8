"""The demo's live board, drawn into a text."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from rich.console import Console

from deploy.demo.board import Board
from shared.stages import WAY


def event(topic: str, project: str = "prj_1", **data: object) -> dict[str, Any]:
    """An event as the partner receives it."""
    source = "compute" if topic.startswith("job") else "intake"
    return {"type": topic, "source": source, "correlationid": project, "data": data}


def half_done(_job_id: str) -> Mapping[str, Any]:
    """Every job is half done."""
    return {"progress": 0.5}


def drawn(*events: dict[str, Any]) -> list[str]:
    """The lines of the board after these events."""
    board = Board(events, lambda: "prj_1", half_done)
    board.look()
    file = StringIO()
    Console(file=file, width=80).print(board)
    return [line.strip() for line in file.getvalue().splitlines()]


def test_reached_stages_are_ticked_and_the_next_is_timed() -> None:
    """Done, on its way, and not yet begun are told apart."""
    lines = drawn(event("project_submitted"), event("project_advised"))
    assert [line[0] for line in lines[:2]] == ["✓", "✓"]
    assert lines[2][0] not in "✓·"
    assert "s" in lines[2].split()[-1]
    assert lines[3:8] == [f"· {stage}" for stage in WAY[3:]]


def test_stage_that_is_told_too_early_waits_for_those_before_it() -> None:
    """Webhooks come in any order."""
    lines = drawn(event("project_secured"), event("project_submitted"))
    assert [line[0] == "✓" for line in lines[:3]] == [True, False, False]
