"""Where a result comes from, in sentences."""

from hashlib import sha256

from shared.aggregate import now
from shared.events.event import Step
from shared.tables.manifest import Input, Manifest
from shared.tables.provenance import Provenance, StepCode
from shared.tables.provenance_sentences import told

SQL = "SELECT 1"
STEPS = (
    Step(application="query", inputs={"t": "logements"}, parameters={"sql": SQL}, output="un"),
    Step(application="aggregate", inputs={"table": "un"}, parameters={"by": ["c"]}, output="deux"),
)
INPUT = Input(
    name="logements",
    dataset_id="dts_1",
    version=3,
    sha256="a" * 64,
    title="Logements »",
    licence="lov2",
    purpose="étudier la vacance",
    until="2027-01-31",
    columns=("com",),
    conditions=("ne pas publier",),
    grant_id="prj_1.dts_1",
    granted_by=("mbr_owner",),
)


def manifest(provenance: Provenance) -> Manifest:
    """The manifest of a full run."""
    about = {"job_id": "job_1", "kind": "full", "project_id": "prj_1", "inputs": (INPUT,)}
    times = {"started": now(), "ended": now()}
    more = {"steps": STEPS, "software": {"duckdb": "1.4.0"}, "provenance": provenance}
    return Manifest.model_validate({**about, **times, **more})


def test_code_is_known_by_the_hash_of_what_was_written() -> None:
    """SQL, Python and notebooks; other parameters stand in the steps."""
    assert list(StepCode.of(STEPS)) == [
        StepCode(step="un", sha256=sha256(SQL.encode()).hexdigest())
    ]


def test_all_that_is_asked_of_a_result_is_answered() -> None:
    """Which data and hash, recipe, code, software, who, why, and under which grant."""
    text = "\n".join(
        told(
            manifest(
                Provenance(
                    recipe="vacance@2",
                    code=tuple(StepCode.of(STEPS)),
                    holder_id="mbr_1",
                    submitted_by="mbr_2",
                    project_title="Vacance",
                    purpose="Où sont les logements vacants ?",
                )
            )
        )
    )
    for said in (
        "Projet « Vacance » (prj_1).",
        "But : « Où sont les logements vacants ? ».",
        "Porteur : mbr_1.",
        "Lancé par mbr_2.",
        "Recette : vacance@2.",
        f"Code de l'étape « un » : SHA-256 {sha256(SQL.encode()).hexdigest()}.",
        f"(dts_1), version 3 : SHA-256 {'a' * 64}.",
        "licence lov2 ; accord prj_1.dts_1 ; donné par mbr_owner ; pour « étudier la vacance »",
        " ; jusqu'au 31/01/2027 ; 1 colonne ; condition : « ne pas publier ».",
        "Étape 2 : aggregate sur « un » → « deux ».",
        "Logiciels : duckdb 1.4.0.",
    ):
        assert said in text


def test_manifests_of_before_are_told_as_far_as_they_know() -> None:
    """Without a provenance there is nothing of who and why."""
    old = manifest(Provenance()).model_dump(mode="json")
    del old["provenance"]
    for one in old["inputs"]:
        del one["grant_id"], one["granted_by"]
    text = "\n".join(told(Manifest.model_validate(old)))
    assert "Porteur" not in text
    assert "Lancé" not in text
    assert "version 3" in text
