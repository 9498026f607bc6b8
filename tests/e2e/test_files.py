"""Pictures of a carrier are kept, granted whole, and read by a town's own code."""

import json
import zipfile
from typing import Any

import numpy as np
import pytest

from deploy.cli.api_client import CallError, Client
from deploy.demo import content
from deploy.demo.story import wait
from tests.chaos.lab import Lab
from tests.e2e.acting import OnProject

pytest.importorskip("nbclient", reason="make code was not run")
image = pytest.importorskip("matplotlib.image")

CODE = """
import pandas as pd
from matplotlib import image

def run(tables, parameters):
    sizes = [(name, image.imread(path).size) for name, path in tables["photos"].items()]
    return pd.DataFrame(sizes, columns=["photo", "valeurs"])
"""


class Pictures(OnProject):
    """A town's project on the pictures of a carrier; what everybody saw on the way."""

    def play(self) -> None:
        """From the upload to the reviewer, who has the result of the trial."""
        self.upload()
        aggregate = self.treatment("aggregate", by=["photo"], counts=["photo"])
        self.seen["crossing"] = self.refusal("compute", "/treatments/check", aggregate)
        self.ask()
        self.read()

    def upload(self) -> None:
        """Two pictures in an archive; their owner states that nobody is in them."""
        self.archive = self.folder / "photos.zip"
        with zipfile.ZipFile(self.archive, "w") as archive:
            for name, width in (("2024/arrêt.png", 5), ("gare.png", 7)):
                image.imsave(self.folder / "one.png", np.zeros((2, width, 3)))
                archive.write(self.folder / "one.png", name)
        about = {"title": "Photos d'arrêts", "theme": "mobilité", "licence": "lov2"}
        fields = {"access": "restricted", "content": "files"}
        self.photos = self.owner.upload("catalog", "/datasets", about | fields, self.archive)["id"]
        path = f"/datasets/{self.photos}"
        wait("it is held", lambda: self.owner.get("catalog", path)["state"] == "held")
        word = {"columns": ["fichiers"], "reason": "Des abris vides"}
        self.owner.post("catalog", f"{path}/not-personal", word)
        self.seen["files"] = self.holder.get("catalog", f"{path}/files")["items"]

    def treatment(self, application: str, **parameters: Any) -> dict[str, Any]:
        """One step on the pictures."""
        role = {"aggregate": "table"}.get(application, "photos")
        step = {"application": application, "inputs": {role: "photos"}, "output": "mesures"}
        inputs = {"photos": self.photos}
        return {"inputs": inputs, "steps": [step | {"parameters": parameters}]}

    def refusal(
        self, service: str, path: str, body: dict[str, Any], client: Client | None = None
    ) -> str:
        """Why what somebody, by default the holder, sends is refused."""
        try:
            (client or self.holder).post(service, path, body)
        except CallError as error:
            return str(error)
        return ""

    def ask(self) -> None:
        """A reviewer secures the project; the owner reads what is asked, and grants it."""
        body = content.project(self.photos, self.treatment("python", code=CODE))
        body |= {"title": "Quels arrêts sont abrités ?", "dataset_ids": []}
        faulty = self.treatment("python", code="def run(tables, parameters): return (")
        new = self.refusal("intake", "/projects", body | {"treatment": faulty})
        project = self.holder.post("intake", "/projects", body)
        self.project_id, self.seen["untried"] = project["id"], project["code_untried"]
        path = f"/projects/{self.project_id}/treatment"
        stranger = self.lab.client("mbr_stranger", "holder")
        unknown = self.refusal("intake", path, faulty, stranger)
        self.seen["faulty"] = [new, self.refusal("intake", path, faulty), unknown]
        self.reach("advised")
        version = self.staff.get("intake", f"/projects/{self.project_id}")["version"]
        fields = {"decision": "secure", "reason": "Des mesures.", "version": version}
        self.staff.post("intake", f"/projects/{self.project_id}/review", fields)
        path = f"/access-requests/{self.project_id}.{self.photos}"
        wait("the owner is asked", self.waiting)
        request = self.seen["request"] = self.owner.get("catalog", path)
        granted = {"decision": "grant", "fingerprint": request["fingerprint"]}
        self.owner.post("catalog", f"{path}/decision", granted)

    def read(self) -> None:
        """The trial runs; what code made of restricted files waits for a reviewer."""
        request = self.seen["request for release"] = self.released("trial")
        wait("the trial ended", lambda: self.project()["trials"])
        path = f"/jobs/{request['job_id']}/result"
        for name in ("manifest.json", "result.csv"):
            self.staff.download("compute", path, self.folder / name, name=name)

    def waiting(self) -> bool:
        """Whether the owner has to decide on the project."""
        items = self.owner.get("catalog", "/access-requests", waiting="true")["items"]
        return any(request["project_id"] == self.project_id for request in items)


@pytest.fixture(scope="module")
def pictures(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """The whole story."""
    pictures = Pictures(lab, tmp_path_factory.mktemp("pictures"))
    pictures.play()
    return pictures


def test_files_are_listed_and_are_no_table(pictures: Pictures) -> None:
    """By the sandbox, for everybody who may know of the dataset; who takes them for one is told."""
    listed = [(file["name"], file["media_type"], file["width"]) for file in pictures.seen["files"]]
    # How large a picture is, others than its readers are not told.
    assert listed == [("2024/arrêt.png", "image/png", None), ("gare.png", "image/png", None)]
    expected_text = "« photos » est un jeu de fichiers : seule l'application « python » en lit"
    assert expected_text in pictures.seen["crossing"]


def test_code_is_parsed_before_its_project_is_saved(pictures: Pictures) -> None:
    """What is not Python is refused at its field; that others' data was not tried is told.

    Who does not see the project has no code looked at in its holder's name.
    """
    new, changed, unknown = pictures.seen["faulty"]
    assert "treatment.steps.0.parameters.code" in new
    for text in (new, changed):
        assert "ligne 1 : ce n'est pas du Python valide" in text
    assert "ligne" not in unknown
    assert pictures.project_id in unknown
    [warning] = pictures.seen["untried"]
    assert "seulement été relu, pas essayé" in warning


def test_owner_is_asked_for_all_files_and_shown_the_code(pictures: Pictures) -> None:
    """With its own word on persons, which nobody checked; it takes its archive back as it was."""
    request = pictures.seen["request"]
    request_text = "\n".join(request["asked"])
    assert "tous ses fichiers, tels quels" in request_text
    assert "code écrit par le porteur" in request_text
    assert "rien ne le vérifie" in request["privacy"]
    assert "« Des abris vides »" in request["privacy"]
    again = pictures.folder / "again.zip"
    pictures.owner.download("catalog", f"/datasets/{pictures.photos}/files/photos.zip", again)
    assert again.read_bytes() == pictures.archive.read_bytes()


def test_code_reads_the_pictures_and_provenance_names_the_archive(pictures: Pictures) -> None:
    """Their pixels, each of four values; the reviewer has it first, under the owner's grant."""
    rows = (pictures.folder / "result.csv").read_text(encoding="utf-8").splitlines()
    assert rows == ["photo;valeurs", "2024/arrêt.png;40", "gare.png;56"]
    assert pictures.seen["request for release"]["job_id"]
    manifest = json.loads((pictures.folder / "manifest.json").read_bytes())
    [job_input] = manifest["inputs"]
    assert (job_input["dataset_id"], job_input["version"]) == (pictures.photos, 1)
    assert job_input["sha256"] == "", "it would prove others' restricted data"
    assert job_input["columns"] is None
    assert job_input["granted_by"] == [pictures.members["agency"]]
