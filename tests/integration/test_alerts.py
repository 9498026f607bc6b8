"""Alerts: each fires when it should, stands on a metric there is, and has a page of what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.reference import METRICS, exposed
from tests.servers import require

FOLDER = Path("deploy/prometheus")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = ("rules_test.yml", "rules_slow_test.yml")
ALERTS = [rule["alert"] for rule in RULES]


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", "rules.yml"),
        ("test", "rules", *TESTS),
    ],
    ids=["configuration", "rules", "tests of rules"],
)
def test_promtool_finds_no_fault(command: tuple[str, ...]) -> None:
    """The configuration and the rules are read, and every alert's own test passes."""
    require(shutil.which("promtool"), "promtool")
    whole = ["promtool", *command]
    checked = subprocess.run(whole, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_a_test_that_fires_it() -> None:
    """An alert that nobody saw fire may never do."""
    fired = {
        rule_test["alertname"]
        for file in TESTS
        for test in yaml.safe_load((FOLDER / file).read_text())["tests"]
        for rule_test in test["alert_rule_test"]
        if rule_test["exp_alerts"]
    }
    assert sorted(fired) == sorted(ALERTS)


def test_every_alert_has_a_page_of_its_name() -> None:
    """Whoever is woken up finds what to do below that heading."""
    manual = Path("deploy/OPERATING.md").read_text()
    assert re.findall(r"^### ([A-Z]\w+)$", manual, re.MULTILINE) == ALERTS


def test_alerts_stand_on_metrics_that_there_are() -> None:
    """A metric that was renamed leaves an alert silent for ever."""
    metric_names = {exposed(family) for family in METRICS}
    counts = {f"{name}_count" for name in metric_names}  # of histograms
    named = {name for rule in RULES for name in re.findall(r"\b(datalab_\w+)", str(rule["expr"]))}
    assert named <= metric_names | counts
