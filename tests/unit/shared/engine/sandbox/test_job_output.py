"""What a job says on its pipe."""

import json
import os
import re
from collections.abc import Iterator

import pytest

from shared.engine.sandbox.job_output import JobOutput

KEPT = 200


@pytest.fixture
def pipe() -> Iterator[tuple[JobOutput, int]]:
    """What is read of a job, and where it writes."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as ours, os.fdopen(writing, "wb"):
        yield JobOutput(ours, KEPT), writing


def test_sentences_are_dated_and_prints_are_kept_as_they_are(pipe: tuple[JobOutput, int]) -> None:
    """The service's clock dates them, so that no job can; other lines stay what they were."""
    output, writing = pipe
    os.write(writing, json.dumps({"log": "lit\n« été »"}).encode() + b"\nTraceback\n{\n[1]\n")
    output.read(1)
    first, *others = output.log_tail.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ lit « été »", first)
    assert others == ["Traceback", "{", "[1]"]
    assert output.log_lines == 4


@pytest.mark.parametrize("line", ['{"log": 3}', '{"log": ""}', '{"log": null}', '{"progress": []}'])
def test_what_is_no_sentence_is_a_line_like_others(pipe: tuple[JobOutput, int], line: str) -> None:
    """Whatever an application prints."""
    output, writing = pipe
    os.write(writing, line.encode() + b"\n")
    output.read(1)
    assert output.log_tail == line + "\n"
