"""A project's key of pseudonyms: given to its jobs, and found in nothing that they leave."""

from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id
from shared.engine.tables.manifest import Manifest
from shared.events import FileRef
from tests.integration.compute.lab import Lab, treating
from tests.servers import eventually


def _rows(lab: Lab, manifest: Manifest) -> dict[str, str]:
    output: FileRef | None = manifest.output("result.csv")
    assert output is not None
    lines = lab.files.read(output).decode().splitlines()[1:]
    return {line.partition(";")[2]: line.partition(";")[0] for line in lines}


def test_key_is_its_projects_own_and_leaves_nothing_behind(lab: Lab) -> None:
    """Projects do not agree on a pseudonym; the key ends with its project."""
    with lab.bare_compute(), lab.catalog():
        dataset = lab.homes()
        trials_by_project = []
        for project in (new_id("prj"), new_id("prj")):
            lab.grant(project, dataset)
            lab.secure(project)
            lab.equip(project, treating(dataset, "pseudonymise", "table", columns=["com"]))
            trial = lab.manifest(lab.wait_for("job_succeeded", project_id=project))
            trials_by_project.append((project, trial))
        (project, first), (_, second) = trials_by_project
        rows, others = _rows(lab, first), _rows(lab, second)
        assert rows.keys() == others.keys()
        assert not set(rows.values()) & set(others.values())
        with lab.store("compute") as store:
            key = store.of(Workspace).get(project).pseudonym_key
            assert len(key) == 64
            text = first.model_dump_json() + str(lab.events("job_succeeded"))
            assert key not in text
            assert all(key.encode() not in lab.files.read(output.file) for output in first.outputs)
            lab.withdraw(project)
            eventually(
                lambda: store.of(Workspace).get(project).pseudonym_key == "",
                what="the key ended with its project",
            )
