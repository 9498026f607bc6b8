"""Where a result comes from, in sentences."""

from datetime import UTC, datetime
from hashlib import sha256

from shared.aggregate import now
from shared.engine.tables.manifest import Input, Manifest
from shared.engine.tables.provenance import PolicyReference, Provenance, RunLimits, StepCode
from shared.engine.tables.provenance_sentences import moment, on_a_page, told
from shared.events.event import Step

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


def test_all_that_is_asked_of_a_result_is_answered() -> None:
    """Which data and hash, recipe, code, software, who, why, and under which grant."""
    text = "\n".join(
        told(
            manifest(
                Provenance(
                    recipe="vacance@2",
                    engine="e1",
                    executor="slurm",
                    shards=4,
                    limits=RunLimits(seconds=600, memory_bytes=2_000_000_000),
                    code=tuple(StepCode.of(STEPS)),
                    holder_id="mbr_1",
                    submitted_by="mbr_2",
                    project_title="Vacance",
                    purpose="Où sont les logements vacants ?",
                )
            )
        )
    )
    for expected_text in (
        "Projet « Vacance » (prj_1).",
        "But : « Où sont les logements vacants ? ».",
        "Porteur : mbr_1.",
        "Lancé par mbr_2.",
        " sur une grappe de calcul, en 4 parts.",
        "Recette : vacance@2.",
        f"Code de l'étape « un » : SHA-256 {sha256(SQL.encode()).hexdigest()}.",
        f"(dts_1), version 3 : SHA-256 {'a' * 64}.",
        "accord prj_1.dts_1 ; donné par mbr_owner ; licence « Licence Ouverte 2.0 » ; pour « ét",
        " ; jusqu'au 31/01/2027 ; 1 colonne ; condition : « ne pas publier ».",
        "Étape 2 : aggregate sur « un » → « deux ».",
        "Code du Datalab : SHA-256 e1.",
        "Limites du calcul : 10\u00a0min, 2\u202f000 Mo de mémoire.",
        "Logiciels : duckdb 1.4.0.",
    ):
        assert expected_text in text


def test_a_page_says_it_in_words_without_ids() -> None:
    """It is handed on, so it names no member, and says roles instead of codes."""
    provenance = Provenance(
        recipe="vacance@2",
        holder_id="mbr_1",
        submitted_by="mbr_2",
        project_title="Vacance",
        purpose="Où sont les logements vacants ?",
    )
    terms = (
        "accordé par son propriétaire ; licence « Licence Ouverte 2.0 » ; pour « étudier la"
        " vacance » ; jusqu'au 31/01/2027 ; 1 colonne ; condition : « ne pas publier »"
    )
    assert list(on_a_page(provenance, (INPUT,))) == [
        "Projet « Vacance ».",
        "But : « Où sont les logements vacants ? ».",
        "Lancé par un membre du Datalab.",
        "Recette « vacance », version 2.",
        f"Accès à « Logements › » : {terms}.",
    ]
    by_holder = provenance.model_copy(update={"submitted_by": "mbr_1"})
    assert "Lancé par le porteur du projet." in on_a_page(by_holder, ())


def test_it_says_by_which_policy_others_restricted_data_was_read() -> None:
    """Whether protected tables answered for it, by which policy, or a reviewer decides."""
    policy = PolicyReference(dataset_id="dts_2", number=3, sha256="f" * 64)
    about = {"grant_id": "", "granted_by": (), "purpose": "", "until": None, "conditions": ()}
    answered = INPUT.model_copy(update={**about, "policy": policy, "columns": None})
    [sentence] = on_a_page(Provenance(), (answered,))
    assert sentence.endswith(": par des tableaux protégés ; licence « Licence Ouverte 2.0 ».")
    whole = manifest(Provenance()).model_copy(update={"inputs": (answered,)})
    assert f"politique 3 des données dts_2, SHA-256 {'f' * 64} ; par des" in "\n".join(told(whole))
    reviewed = INPUT.model_copy(update={"is_protected": True})
    [sentence] = on_a_page(Provenance(), (reviewed,))
    assert "; ce qui en sort est décidé par un relecteur ;" in sentence


def test_times_are_those_of_paris() -> None:
    """Late in the evening it is the next day there."""
    assert moment(datetime(2026, 7, 14, 22, 30, tzinfo=UTC)) == "15/07/2026 à 0\u00a0h\u00a030"


def test_manifests_of_before_are_told_as_far_as_they_know() -> None:
    """Without a provenance there is nothing of who and why."""
    old = manifest(Provenance()).model_dump(mode="json")
    del old["provenance"]
    for job_input in old["inputs"]:
        del job_input["grant_id"], job_input["granted_by"], job_input["policy"]
        del job_input["is_protected"], job_input["is_published"]
    text = "\n".join(told(Manifest.model_validate(old)))
    assert "Porteur" not in text
    assert "Lancé" not in text
    assert "version 3" in text
