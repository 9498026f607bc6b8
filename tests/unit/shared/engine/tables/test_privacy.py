"""The verdict on a table, as people read it."""

import pytest

from shared.engine.tables.privacy import K_ENOUGH, Finding, Privacy, Role


def finding(column: str, kind: str, role: Role) -> Finding:
    """A column that tells about persons."""
    return Finding(column=column, kind=kind, role=role, rows=10, confidence=1)


@pytest.mark.parametrize(
    ("privacy", "is_safe"),
    [
        (Privacy(verdict="none", subject="other"), True),
        (Privacy(verdict="quasi", subject="persons"), True),
        (Privacy(verdict="quasi", subject="persons", k=K_ENOUGH), True),
        (Privacy(verdict="quasi", subject="persons", k=K_ENOUGH - 1), False),
        (Privacy(verdict="direct", subject="persons", k=K_ENOUGH), False),
    ],
)
def test_safe_is_who_names_nobody_and_lets_nobody_stand_out(
    privacy: Privacy, *, is_safe: bool
) -> None:
    """What is safe has no warning."""
    assert privacy.is_safe is is_safe
    assert bool(privacy.warning) is not is_safe


def test_verdict_is_told_in_french() -> None:
    """Columns with what they hold, the smallest group, and what the law protects most."""
    findings = (
        finding("mail", "email", "direct"),
        finding("sexe", "sex", "quasi"),
        finding("cim10", "health", "sensitive"),
    )
    privacy = Privacy(
        verdict="direct",
        subject="persons",
        findings=findings,
        k=2,
        rows_below=14,
        share_below=0.125,
    )
    assert privacy.in_french() == (
        "Identifiants directs : « mail » (adresse électronique). Le plus petit groupe de lignes"
        " semblables en compte 2 ; 14 lignes (12,5 %) sont dans un groupe de moins de 5."
        " Données sensibles : « cim10 » (santé)."
    )
    nobody = Privacy(verdict="none", subject="other")
    assert nobody.in_french() == "Aucune donnée personnelle n'a été repérée."
