"""The main job on real data, from nothing to a delivered project, and its figures."""

from pathlib import Path

import pandas as pd

from deploy.demo import content
from deploy.demo.story import Story
from tests.chaos.lab import Lab
from tests.servers import eventually

GONE = {"14011": "14581", "14300": "14743", "14623": "14408", "61017": "61275"} | {
    "61188": "61275",
    "61192": "61275",
    "61310": "61275",
    "76358": "76455",
}
"""The census' commune codes that 2026 no longer has, with the commune that each is part of now.

Source: INSEE, Code officiel géographique 2026, `anciensCodes` and `chefLieu`.
"""


def expected() -> pd.DataFrame:
    """Homes, vacant homes and their rate by inter-communal body, computed here with pandas."""
    homes = pd.read_csv(content.DATA / content.HOMES_FILE, sep=";", dtype={"com": str})
    bodies = pd.read_csv(content.DATA / "epci_2026.csv", sep=";", dtype={"code": str, "epci": str})
    homes["code"] = homes["com"].replace(GONE)
    crossed = homes.merge(bodies[["code", "epci"]], on="code", how="left", validate="m:1")
    assert crossed["epci"].notna().all()
    summed = crossed.groupby("epci")[["logements", "logements_vacants"]].sum()
    summed["taux_vacance"] = 100 * summed["logements_vacants"] / summed["logements"]
    return summed


def test_result_has_the_right_figures_for_every_body(story: Story, tmp_path: Path) -> None:
    """71 EPCI, equal to an independent computation, on a chart, a map and in a report."""
    table, chart, drawn, report = story.fetch(tmp_path)
    result = pd.read_csv(table, sep=";", dtype={"epci": str}).set_index("epci").sort_index()
    right = expected().sort_index()
    assert len(result) == len(right) == 71
    for column in ("logements", "logements_vacants"):
        assert (result[column] == right[column]).all()
    assert (result["taux_vacance"] - right["taux_vacance"]).abs().max() <= 0.005
    assert chart.read_bytes().startswith(b"\x89PNG")
    areas = drawn.read_text()
    for part in ("Caen la Mer (200065597) : ", "INSEE", "IGN, Admin Express COG", "Dessiné le"):
        assert part in areas
    page = report.read_text()
    assert page.count('<img src="data:image/') == 2
    assert "Licence Ouverte" in page
    assert "<script" not in page


def test_result_is_taken_away_as_people_open_it(story: Story, tmp_path: Path) -> None:
    """From the catalogue, by compute: codes as text, numbers as numbers, and their sources."""
    path, file = f"/datasets/{story.result_id}/table", tmp_path / "table.xlsx"
    story.holder.download("catalog", path, file, format="xlsx")
    table = pd.read_excel(file, dtype={"epci": str}, engine="openpyxl")
    about = pd.read_excel(file, sheet_name="Source", header=None, engine="openpyxl")
    assert {"Licence", "Attribution"} <= set(about[0])
    result, right = table.set_index("epci").sort_index(), expected().sort_index()
    assert (result["logements"] == right["logements"]).all()
    assert (result["taux_vacance"] - right["taux_vacance"]).abs().max() <= 0.005


def test_trial_reports_the_gone_codes_with_their_weight(story: Story) -> None:
    """The sample's report counts the whole table: nothing is dropped in silence."""
    homes = pd.read_csv(content.DATA / content.HOMES_FILE, sep=";", dtype={"com": str})
    weights = homes[homes["com"].isin(GONE)].groupby("com")["logements"].sum().to_dict()
    trial = story.project()["trials"][-1]["job_id"]
    orphans = story.manifest(trial)["reports"][0]["orphans"]
    assert {orphan["key"]: orphan["successor"] for orphan in orphans} == GONE
    assert {orphan["key"]: orphan["weight"] for orphan in orphans} == weights


def test_result_is_a_dataset_with_licence_and_provenance(story: Story) -> None:
    """What it was made of, in which version, by which steps."""
    dataset = story.staff.get("catalog", f"/datasets/{story.result_id}")
    provenance = dataset["versions"][-1]["provenance"]
    used = {job_input["dataset_id"]: job_input for job_input in provenance["inputs"]}
    assert dataset["licence"] == "lov2"
    names = ("communes_2026.csv", "epci_2026.csv", content.HOMES_FILE)
    assert set(used) == {story.datasets[name] for name in names}
    versions = [used[story.datasets[name]]["version"] for name in names]
    assert versions == [1, 1, 2]
    assert all(len(job_input["sha256"]) == 64 for job_input in used.values())
    steps = [step["application"] for step in provenance["steps"]]
    assert steps == ["cross", "aggregate", "chart", "map", "report"]


def test_service_follows_its_data(story: Story, lab: Lab) -> None:
    """A row that came late made another edition; the first is kept, and the partner heard of it."""
    service = story.holder.get("compute", f"/services/{story.project_id}")
    assert (service["edition"], service["dataset_id"]) == (2, story.result_id)
    first, second = story.staff.get("catalog", f"/datasets/{story.result_id}")["versions"]
    assert (first["state"], second["state"]) == ("published", "published")
    assert second["provenance"]["job_id"] == service["job_id"] != first["provenance"]["job_id"]
    assert first["file"] != second["file"]
    eventually(lambda: "service_renewed" in lab.partner.types)


def test_partner_receives_every_event_signed(story: Story, lab: Lab) -> None:
    """The partner's server checks each signature itself; the timeline has the same events."""
    timeline = story.holder.get("notify", f"/projects/{story.project_id}/timeline", limit=100)
    types = {entry["type"] for entry in timeline["items"]}
    eventually(lambda: types <= set(lab.partner.types))
    assert lab.partner.refused == 0
    assert {"project_submitted", "project_delivered", "service_renewed"} <= types


def test_history_tells_who_when_and_why(story: Story, story_lines: list[str]) -> None:
    """One entry a stage, in order; the advice gives its reasons, and the story tells it."""
    project = story.project()
    history = project["history"]
    stages = list(dict.fromkeys(entry["stage"] for entry in history))
    way = "submitted advised secured equipped trialled piloted staffed delivered"
    assert stages == way.split()
    assert all(entry["by"] and entry["at"] for entry in history)
    assert any("code commune" in text for text in project["guidance"]["datasets"][0]["reasons"])
    assert any(line.startswith("advised") for line in story_lines)
