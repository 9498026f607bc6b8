"""What callers may send."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.intake.bodies import (
    AnswerInvitation,
    ChoosePilotSite,
    DeliverProject,
    EraseMember,
    FormTeam,
    LeaveLab,
    ListProjects,
    ReviewProject,
    SubmitProject,
    WithdrawProject,
    WrittenTreatment,
)
from services.intake.members.bodies import RegisterMember
from shared.errors import explain

PROJECT = {"title": "T", "problem": "P", "theme": "logement", "territory": ["14"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "\u202e"}, "title"),
        ({"problem": "Titre \x1b[31m"}, "problem"),
        ({"keywords": ["\u200b"]}, "keywords.0"),
        ({"theme": None}, "theme"),
        ({"territory": []}, "territory"),
        ({"territory": ["14", "1411"]}, "territory.1"),
        ({"territory": ["14", "Trouville"]}, "territory"),
        ({"keywords": ["x"] * 21}, "keywords"),
        ({"skills": [""]}, "skills.0"),
        ({"dataset_ids": ["prj_1"]}, "dataset_ids.0"),
        ({"dataset_ids": "dts_1"}, "dataset_ids"),
        ({"holder_id": "mbr_other"}, "holder_id"),
        ({"stage": "delivered"}, "stage"),
        ({"treatment": {"inputs": {}, "steps": []}}, "treatment.inputs"),
        ({"treatment": {"inputs": {"a": "dts_1"}, "steps": []}}, "treatment.steps"),
    ],
)
def test_a_faulty_project_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    """Empty, too long, unknown, or not the caller's to say."""
    with pytest.raises(ValidationError) as refused:
        SubmitProject.model_validate({**PROJECT, **change})
    assert explain(refused.value).startswith(f"{field}: ")


def test_a_team_names_each_member_once() -> None:
    """Twice the same member is a mistake."""
    with pytest.raises(ValidationError, match="deux fois"):
        FormTeam.model_validate({"team": ["mbr_1", "mbr_1"]})


REVIEW = {"decision": "secure", "reason": "Oui.", "version": 1}
DELIVERY = {"job_id": "job_1", "title": "Carte", "description": "Une carte", "licence": "lov2"}


@pytest.mark.parametrize(
    ("body", "fields", "field"),
    [
        (ReviewProject, {"decision": "secure", "reason": "Oui."}, "version"),
        (ReviewProject, REVIEW | {"version": 0}, "version"),
        (ReviewProject, REVIEW | {"decision": "maybe"}, "decision"),
        (ReviewProject, {"decision": "secure", "version": 1}, "reason"),
        (ReviewProject, REVIEW | {"reason": " "}, "reason"),
        (ReviewProject, REVIEW | {"conditions": [" "]}, "conditions.0"),
        (ReviewProject, REVIEW | {"conditions": ["<b>Non</b>"]}, "conditions.0"),
        (ReviewProject, REVIEW | {"seen": "x" * 50_001}, "seen"),
        (FormTeam, {"team": []}, "team"),
        (DeliverProject, DELIVERY | {"licence": ""}, "licence"),
        (WithdrawProject, {"reason": 3}, "reason"),
        (AnswerInvitation, {"answer": "decline", "reason": " "}, "reason"),
        (AnswerInvitation, {"answer": "perhaps"}, "answer"),
        (AnswerInvitation, {}, "answer"),
        (ListProjects, {"stage": "finished"}, "stage"),
        (ListProjects, {"limit": "0"}, "limit"),
        (ListProjects, {"limit": "x"}, "limit"),
        (ListProjects, {"after": ""}, "after"),
        (ListProjects, {"colour": "1"}, "colour"),
    ],
)
def test_a_faulty_command_or_question_is_refused_by_field(
    body: type[BaseModel], fields: dict[str, object], field: str
) -> None:
    """Rather than to decide on what nobody read, or to list what nobody asked for."""
    with pytest.raises(ValidationError) as refused:
        body.model_validate(fields)
    assert explain(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("732829320", "732829320"), ("732 829 320", "732829320"), ("", ""), (None, "")],
)
def test_a_siren_is_kept_as_its_digits(sent: str | None, kept: str) -> None:
    """However people group them; not every member has one."""
    member = {"name": "Ville", "kind": "company"} | ({} if sent is None else {"siren": sent})
    assert RegisterMember.model_validate(member).siren == kept


@pytest.mark.parametrize("siren", ["732829321", "73282932", "73282932O", "x" * 30, 732829320])
def test_a_number_that_is_no_siren_is_refused(siren: object) -> None:
    """A wrong check digit, too short, or no digits at all."""
    with pytest.raises(ValidationError) as refused:
        RegisterMember.model_validate({"name": "Ville", "kind": "company", "siren": siren})
    assert explain(refused.value).startswith("siren: ")


@pytest.mark.parametrize("member", [{"$ne": ""}, None, 3, "", "a b", "a@b", "x" * 65])
def test_members_are_named_as_tokens_name_them(member: Any) -> None:
    """Nobody could ever act as any other id."""
    for body, sent in ((FormTeam, {"team": [member]}), (ChoosePilotSite, {"site_id": member})):
        with pytest.raises(ValidationError):
            body.model_validate(sent)


def written(**step: Any) -> dict[str, Any]:
    """A treatment of two steps; `step` changes the second."""
    inputs = {"left": "logements", "right": "epci"}
    first = {"application": "cross", "inputs": inputs, "output": "croisement"}
    second = {
        "application": "aggregate",
        "inputs": {"table": "croisement"},
        "parameters": {"by": ["epci"], "ratio": {"name": "taux", "over": 2.5}},
        "output": "vacance",
    }
    tables = {"logements": "dts_1", "epci": "dts_2"}
    return {"inputs": tables, "steps": [first, {**second, **step}]}


def test_a_wired_treatment_is_accepted_as_it_is() -> None:
    """Each step reads inputs or what an earlier step made."""
    assert WrittenTreatment.model_validate(written()).steps[1].parameters["by"] == ["epci"]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"inputs": {"table": "inconnu"}}, "« inconnu »"),
        ({"inputs": {"table": "vacance"}}, "« vacance »"),
        ({"output": "croisement"}, "existe déjà"),
        ({"output": "../epci"}, "steps.1.output"),
        ({"inputs": {}}, "steps.1.inputs"),
        ({"colour": "blue"}, "steps.1.colour"),
        ({"parameters": {"$where": 1}}, "steps.1.parameters"),
        ({"parameters": {"a": [{"b.c": 1}]}}, "steps.1.parameters"),
        ({"parameters": {"a": 2**64}}, "steps.1.parameters"),
        ({"parameters": {"a": float("nan")}}, "steps.1.parameters"),
        ({"parameters": {"a": "\ud800"}}, "steps.1.parameters"),
        ({"parameters": {"a": "x" * 300_000}}, "steps.1.parameters"),
    ],
)
def test_a_faulty_step_is_refused_by_name(step: dict[str, Any], fault: str) -> None:
    """Unwired, badly named, or not fit to be stored."""
    with pytest.raises(ValidationError) as refused:
        WrittenTreatment.model_validate(written(**step))
    assert fault in explain(refused.value)


def test_steps_share_what_events_carry_of_their_parameters() -> None:
    """Two files of code fit singly and not together."""
    treatment = written(parameters={"code": "x" * 200_000})
    assert WrittenTreatment.model_validate(treatment)
    treatment["steps"][0]["parameters"] = {"code": "x" * 200_000}
    with pytest.raises(ValidationError, match="toutes les étapes"):
        WrittenTreatment.model_validate(treatment)


def test_parameters_nest_only_so_deep() -> None:
    """The document server has a limit of its own."""
    deep: object = 1
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(ValidationError, match="plus de"):
        WrittenTreatment.model_validate(written(parameters={"a": deep}))


@pytest.mark.parametrize(
    ("inputs", "fault"),
    [({}, "inputs"), ({"a": "dts_1;drop"}, "inputs.a"), ({"A b": "dts_1"}, "inputs.A b")],
)
def test_inputs_are_named_datasets(inputs: dict[str, str], fault: str) -> None:
    """At least one, by a plain name."""
    with pytest.raises(ValidationError) as refused:
        WrittenTreatment.model_validate({**written(), "inputs": inputs})
    assert explain(refused.value).startswith(fault)


@pytest.mark.parametrize(
    ("body", "field", "fields"),
    [
        *((DeliverProject, field, DELIVERY) for field in ("title", "licence", "description")),
        (DeliverProject, "keywords", DELIVERY),
        *((SubmitProject, field, PROJECT) for field in ("title", "problem", "theme", "skills")),
        (RegisterMember, "name", {"kind": "company"}),
        (RegisterMember, "skills", {"kind": "company", "name": "Ville"}),
        (ReviewProject, "reason", {"decision": "reject", "version": 1}),
        (WithdrawProject, "reason", {}),
        (AnswerInvitation, "reason", {"answer": "decline"}),
        (LeaveLab, "reason", {}),
        (EraseMember, "reason", {"member_id": "mbr_1"}),
    ],
)
def test_html_is_refused_in_all_that_others_read(
    body: type[BaseModel], field: str, fields: dict[str, object]
) -> None:
    """The field is named; what only looks like a tag is none."""
    several = field in {"skills", "keywords"}
    for text, refused in (("<img src=x onerror=alert(1)>", True), ("a<b, <5 et <nom>", False)):
        sent = fields | {field: [text] if several else text}
        if refused:
            with pytest.raises(ValidationError, match=f"(?s){field}.*balises HTML"):
                body.model_validate(sent)
        else:
            assert body.model_validate(sent)
