"""Own code is tried before its treatment is saved, on data that its author reads freely."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.engine.analysis.remarks import Remark
from shared.errors import Invalid
from tests.integration.compute.jobs import step
from tests.integration.compute.lab import HOLDER, HOMES, Lab, runners
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService, eventually, running

pytestmark = pytest.mark.usefixtures("catalog")

WORKS = """
import pandas as pd
def run(tables, parameters):
    homes = tables["homes"]
    return homes.assign(taux=homes["vacants"] / homes["logements"])
"""
RAISES = """
def run(tables, parameters):
    homes = tables["homes"]
    return homes.astype({"com": "datetime64[ns]"})
"""
BARE = "tests.integration.compute.bare_compute:BareCompute"
ENDLESS = "def run(tables, parameters):\n    while True: pass"
NOTEBOOK = (
    '{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null,'
    ' "source": "resultat = 1 / 0"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
)


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, in no hurry: this machine may have other work."""
    with lab.compute(code_trial_seconds="100") as service:
        yield service


@pytest.fixture(scope="module")
def homes(lab: Lab, compute: RunningService) -> str:  # noqa: ARG001 - it reads them
    """A dataset that its holder reads freely."""
    dataset_id = lab.ingest(HOMES)

    def lend(shelf: Shelf) -> None:
        shelf.readers, shelf.facts = [HOLDER], {"dataset_id": dataset_id, "reason": "-"}

    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset_id, lend)
    return dataset_id


def coded(dataset_id: str, code: str, **inputs: str) -> dict[str, Any]:
    """A treatment that runs code on the homes."""
    read = {"homes": dataset_id, **inputs}
    steps = [step("python", {name: name for name in read}, "made", code=code)]
    return {"inputs": read, "steps": steps}


def tried(lab: Lab, treatment: dict[str, Any], member_id: str = HOLDER) -> list[Remark]:
    """What compute says of a treatment's code."""
    with lab.rpc() as rpc:
        return [Remark.model_validate(remark) for remark in rpc.check_code(treatment, member_id)]


def test_code_that_works_is_tried(lab: Lab, homes: str) -> None:
    """There is nothing to say of it."""
    assert tried(lab, coded(homes, WORKS)) == []


def test_code_that_raises_is_refused_with_its_line(lab: Lab, homes: str) -> None:
    """With what Python says of it, on what other steps make; one that it does not need is left out.

    Its place is that in the whole treatment.
    """
    cleaning = {"operations": [{"op": "trim", "columns": ["com"]}]}
    keyed = step("pseudonymise", {"table": "homes"}, "hidden", columns=["com"])
    steps = [
        step("aggregate", {"table": "others"}, "unneeded", by=["com"], rows="n"),
        step("clean", {"table": "homes"}, "cleaned", **cleaning),
        keyed,
        step("python", {"homes": "cleaned", "hidden": "hidden"}, "made", code=RAISES),
    ]
    treatment = {"inputs": {"homes": homes, "others": "dts_of_others"}, "steps": steps}
    with pytest.raises(Invalid, match="ligne 4") as refused:
        tried(lab, treatment)
    assert refused.value.field == "steps.3.parameters.code"
    assert "Python dit « " in refused.value.args[0]
    assert "journal" not in refused.value.args[0]


def test_code_on_data_of_others_is_parsed_alone(lab: Lab, homes: str) -> None:
    """And the answer says so; who may read only some of its data is no better off."""
    assert "seulement été relu" in tried(lab, coded(homes, RAISES), "mbr_other")[0].message
    (remark,) = tried(lab, coded(homes, RAISES, others="dts_of_others"))
    assert (remark.kind, remark.field) == ("not_tried", "steps.0.parameters.code")
    treatment = coded("dts_of_others", "")
    treatment["steps"][0]["parameters"] = {"notebook": NOTEBOOK}
    assert tried(lab, treatment)[0].field == "steps.0.parameters.notebook"
    with pytest.raises(Invalid, match="ligne 1 : ce n'est pas du Python valide") as refused:
        tried(lab, coded(homes, "def run(tables, parameters): return (", others="dts_of_others"))
    assert "Python dit « '(' was never closed »" in refused.value.args[0]


def test_code_on_data_of_others_is_tried_on_invented_rows(lab: Lab, homes: str) -> None:
    """What fails there is told with its line; nobody was asked, and nothing of the data is read."""
    others = lab.shelve_invented(HOLDER)
    code = "def run(tables, parameters):\n    aides = tables['others']\n    return aides{}\n"
    assert tried(lab, coded(homes, code.format("[['siren', 'aide']]"), others=others)) == []
    with pytest.raises(Invalid, match="ligne 3"):
        tried(lab, coded(homes, code.format("[['absente']]"), others=others))


QUOTED = f"""'''{WORKS}'''"""
NESTED = """
def make():
    def run(tables, parameters): ...
'''
def run(tables, parameters): ...
'''
"""


@pytest.mark.parametrize("code", ["", "x = 1", QUOTED], ids=["empty", "no run", "quoted"])
def test_code_without_run_is_refused_whatever_its_data(lab: Lab, homes: str, code: str) -> None:
    """On its author's own data, and on others' restricted data."""
    for inputs in ({}, {"others": "dts_of_others"}):
        with pytest.raises(Invalid, match=r"def run|doit être donné") as refused:
            tried(lab, coded(homes, code, **inputs))
        assert refused.value.field == "steps.0.parameters.code"


def test_code_that_may_define_run_is_left_to_its_trial(lab: Lab, homes: str) -> None:
    """Where parsing does not tell; the trial that finds none refuses it at its field."""
    for code in (NESTED, f"exec({QUOTED})"):
        (remark,) = tried(lab, coded(homes, code, others="dts_of_others"))
        assert "seulement été relu" in remark.message
    with pytest.raises(Invalid, match="ne définit pas de fonction run") as refused:
        tried(lab, coded(homes, NESTED))
    assert refused.value.field == "steps.0.parameters.code"


def test_code_that_fails_on_a_sample_alone_is_not_refused(lab: Lab, homes: str) -> None:
    """It is tried on the whole table then, as a project's trial does."""
    code = """
def run(tables, parameters):
    homes = tables["homes"]
    return homes[homes["com"] == "14700"].iloc[[0]] if len(homes) == 700 else homes.iloc[[700]]
"""
    assert tried(lab, coded(homes, code)) == []


def test_endless_code_keeps_nobody_waiting(lab: Lab, homes: str) -> None:
    """It is bounded by a few seconds, is not refused for what nobody knows, and leaves nothing."""
    with lab.bare_compute(code_trial_seconds="3") as hurried:
        path, sent = "/treatments/check", coded(homes, ENDLESS)
        answer = lab.call(hurried, "POST", path, json=sent).json()
        assert "prend plus de 3 secondes" in answer["unchecked"][-1]["message"]
        eventually(lambda: not runners(hurried), what="no code runs on")


def test_lab_without_the_libraries_says_so_before(lab: Lab) -> None:
    """Where applications are listed, and to who sends code all the same."""
    with running(BARE, {**lab.environ, "DATALAB_JOB_SPARE": "false"}) as bare:
        unavailables_by_name = {
            application["name"]: application["unavailable"]
            for application in lab.call(bare, "GET", "/applications").json()
        }
        assert (
            "n'exécute pas de code Python : il n'a pas installé altair"
            in unavailables_by_name.pop("python")
        )
        assert set(unavailables_by_name.values()) == {""}
        assert "altair" in lab.call(bare, "GET", "/applications/python").json()["unavailable"]
        assert lab.call(bare, "GET", "/applications/cobol").status == 404
        answer = lab.call(bare, "POST", "/treatments/check", json=coded("dts_1", WORKS))
        problem = answer.json()
        assert (answer.status, problem["field"]) == (422, "steps.0.application")
        assert "il n'a pas installé altair" in problem["detail"]
