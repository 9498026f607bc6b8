"""What a reviewer reads before deciding, and what is kept of it."""

from dataclasses import replace
from typing import Any

import pytest

from services.portal.drafts.dossier import Evidence, as_text, dossier, fingerprint_of
from services.portal.drafts.draft import Facts
from tests.unit.portal.drafts.test_drafts import FACTS, PREVIEW, PROJECT

AT = "2026-11-20T09:30:00Z"
TRIAL: dict[str, Any] = {
    "at": AT,
    "reason": None,
    "result": {"size": 9},
    "warning": "Deux personnes s'y reconnaissent.",
    "is_empty": False,
}
SEEN: dict[str, Any] = {
    **PROJECT,
    "theme": "social",
    "territory": ["14"],
    "trials": [TRIAL],
    "invitations": [{"member_id": "caf", "state": "accepted"}],
    "questions": [{"text": "Pourquoi l'âge ?", "asked_at": AT, "answer": "Pour la tranche."}],
    "checks": [
        {"faults": [], "waits": ["« Aides » attend son producteur"], "persons": []},
        *({"faults": [], "waits": [], **check} for check in PROJECT["checks"]),
    ],
    "accesses": [{**access, "state": "granted"} for access in PROJECT["accesses"]],
}
READS = [
    {
        "title": "Aides",
        "columns": [
            {"name": "nom", "why": "figure au résultat", "is_shown": True, "person": "noms"},
            {"name": "iris", "why": "regroupe le résultat", "is_shown": True, "person": ""},
        ],
        "others": 3,
    },
    {"title": "Fichiers", "columns": None, "others": 0},
]
REVIEW = {
    "impediment": "",
    "decisions": [
        {
            "decision": "complete",
            "at": AT,
            "by": "ddtm",
            "reason": "Pourquoi l'âge ?",
            "conditions": ["Sans publier."],
        }
    ],
}


def evidence(**changed: Any) -> Evidence:
    """The evidence of a project that was tried and asked about once."""
    preview = {
        **PREVIEW,
        "reads": READS,
        "rows": 12,
        "warnings": [{"message": "la clé se répète"}],
        "obligations": ["citer chaque source"],
        "estimate": {
            "seconds": 1.5,
            "memory_bytes": 2_000_000,
            "executor": "local",
            "shards": 1,
            "shards_seconds": None,
        },
    }
    return Evidence(**{"facts": Facts(SEEN, preview, FACTS.members), "review": REVIEW, **changed})


def test_reviewer_reads_all_that_is_known() -> None:
    """Columns with their use, persons, bases, licences, owners, conflicts, feasibility, cost."""
    text = as_text(dossier(evidence())).replace("\u202f", " ").replace("\u00a0", " ")
    for expected_text in (
        "Compter les ayants droit par quartier.",
        "Aucun n'est connu entre vous et ceux que le projet concerne.",
        "nom : figure au résultat",
        "3 autres colonnes : rien n'en est lu",
        "tout : ses colonnes ne sont pas encore connues",
        "« nom » de « Aides » (noms)",
        "Deux personnes s'y reconnaissent.",
        "« Aides » : sur la base légale « mission d'intérêt public »",
        "citer chaque source",
        "ne rien publier sous 11 personnes",
        "« Aides » attend son producteur",
        "La clé se répète",
        "1,5 s",
        "réussi",
        "Au moins 11 personnes par case",
        "Pour la tranche.",
        "Avis du délégué.",
    ):
        assert expected_text in text, expected_text


def test_reviewer_whose_own_case_it_is_reads_why() -> None:
    """Before anything is written."""
    review = {**REVIEW, "impediment": "vous êtes de l'équipe : un autre relecteur décide"}
    assert "Vous ne décidez pas de ce projet" in as_text(dossier(evidence(review=review)))


def test_missing_service_is_told_in_its_part() -> None:
    """And what the others say is shown."""
    empty = evidence(facts=replace(FACTS, project=SEEN, preview={}), review={}, missing="Pas là.")
    text = as_text(dossier(empty))
    assert text.count("Pas là.") == 1
    assert "Rien ne s'y oppose" not in text
    assert "Le Datalab n'a pas pu les chercher." in text


def test_fingerprint_names_what_was_shown() -> None:
    """One word more has another, also beyond what is kept of a long file, which is bounded."""
    long = {**SEEN, "problem": "mot " * 50_000}
    changed = evidence(facts=replace(evidence().facts, project=long))
    assert fingerprint_of(dossier(evidence())) == fingerprint_of(dossier(evidence()))
    assert fingerprint_of(dossier(evidence())) != fingerprint_of(dossier(changed))
    assert len(as_text(dossier(changed))) == 50_000
    facts = replace(evidence().facts, project=long)
    tried = {**facts.preview, "rows": 13}
    first, second = evidence(facts=facts), evidence(facts=replace(facts, preview=tried))
    assert as_text(dossier(first)) == as_text(dossier(second))
    assert fingerprint_of(dossier(first)) != fingerprint_of(dossier(second))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"is_empty": True, "warning": "Il ne reste aucune ligne."}, "sans aucune ligne"),
        ({"result": None, "warning": ""}, "résultat retenu pour un relecteur"),
        ({"result": None, "reason": "annulé", "warning": ""}, "sans résultat : annulé"),
    ],
)
def test_trial_that_proves_nothing_is_no_success(changed: dict[str, Any], message: str) -> None:
    """It is told beside feasibility: without a row, held, or without a result."""
    before = evidence()
    facts = replace(before.facts, project={**SEEN, "trials": [{**TRIAL, **changed}]})
    text = as_text(dossier(replace(before, facts=facts))).replace("\u00a0", " ")
    assert message in text
    assert "réussi" not in text
    assert "réussi" in as_text(dossier(before))


def test_owner_who_granted_is_not_to_be_asked() -> None:
    """What became of a request is told once, in place of that it is due."""
    cases: tuple[dict[str, Any], ...] = ({}, {"accesses": []})
    text, unasked = (
        as_text(dossier(evidence(facts=replace(evidence().facts, project={**SEEN, **case}))))
        for case in cases
    )
    assert ("accordé" in text, "à demander" in text) == (True, False)
    assert "à demander" in unasked


def test_reviewer_reads_what_changed_since_the_review() -> None:
    """Before and now, in sentences; nothing where the review stands."""
    change = {"dataset_id": "dts_1", "title": "Aides", "before": ["Lit iris"], "after": ["Lit nom"]}
    checks = [{**check, "changes": [change]} for check in SEEN["checks"][:1]]
    changed = {**SEEN, "checks": checks, "needs_review": True}
    text = as_text(dossier(evidence(facts=replace(evidence().facts, project=changed))))
    for expected_text in ("Avant, « Aides » : Lit iris", "Maintenant, « Aides » : Lit nom"):
        assert expected_text in text.replace("\u202f", " ").replace("\u00a0", " ")
    assert "Ce qui change depuis la revue" not in as_text(dossier(evidence()))
