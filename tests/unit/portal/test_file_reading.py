"""How what was read of files is told."""

from typing import Any

from services.portal.file_reading import FileReading, differences, recognised

SPACE = "\u00a0"


def column(name: str, **meaning: Any) -> dict[str, Any]:
    """A column of a profile as the catalogue shows it; without a meaning unless it is given."""
    fields: dict[str, Any] = {
        "year": None,
        "unit": None,
        "confidence": 1.0,
        "valid": 1.0,
        "invalid": [],
        "repair": None,
    }
    column_meaning = {**fields, **meaning} if meaning else None
    return {"name": name, "kind": "text", "meaning": column_meaning}


def version(number: int = 1, state: str = "published", **more: Any) -> dict[str, Any]:
    """A version whose file is a CSV of two lines."""
    profile = {
        "rows": 2,
        "format": "csv",
        "encoding": "cp1252",
        "delimiter": ";",
        "sheet": None,
        "columns": [column("commune", type="commune", repair="leading_zero"), column("note")],
        "privacy": None,
    }
    fields: dict[str, Any] = {
        "profile": profile,
        "accepted_repairs": [],
        "changes": None,
        "not_personal": [],
        "may": [],
    }
    return {"number": number, "state": state, **fields, **more}


def test_how_a_file_was_read_is_a_sentence() -> None:
    """With its encoding and delimiter in words."""
    file = FileReading({"versions": [version()]}).file
    assert file == (
        f"Lu comme CSV, encodage cp1252, séparé par le point-virgule : 2{SPACE}lignes,"
        f" 2{SPACE}colonnes."
    )


def test_a_column_is_told_by_what_it_holds_and_what_of_it_is_not_valid() -> None:
    """In French, with examples of what was not recognised."""
    column_profile = column("c", type="commune", year=2019, valid=0.5, invalid=["x", "y"])
    assert recognised(column_profile) == (
        f"code commune (codes de 2019), 50,0{SPACE}% de valeurs valides\u202f; pas reconnu{SPACE}:"
        f" «{SPACE}x{SPACE}» et «{SPACE}y{SPACE}»"
    )
    assert recognised(column("c")) == "texte"
    assert recognised(column("c") | {"names": "commune"}) == "noms de communes"
    rows = {"invalid": ["x"], "invalid_rows": 2, "invalid_at": [4]}
    assert recognised(column("c", type="postcode", valid=0.9, **rows)) == (
        f"code postal, 90,0{SPACE}% de valeurs valides\u202f; 2 lignes ont d'autres valeurs, qui"
        f" restent telles quelles et ne se croisent pas{SPACE}: p. ex. «{SPACE}x{SPACE}»"
        " (ligne 4 des données)"
    )


def test_codes_that_can_be_mended_are_not_said_to_be_wrong() -> None:
    """Most are right as they stand, where a few lost their first zero."""
    text = recognised(column("c", type="departement", valid=0.0, repair="leading_zero"))
    assert "0,0" not in text
    assert text == (
        f"code du département, dont des codes ont perdu leur zéro au début{SPACE}: ils ne se"
        " croisent qu'une fois réparés"
    )


def test_version_that_is_being_read_is_under_way_and_proposes_nothing() -> None:
    """Repairs are those of the published version, which does not end a reading."""
    newer = version(2, "pending", profile=None)
    proposed = FileReading({"versions": [version(), newer]}).proposals
    assert [(name, repair) for name, repair, _ in proposed] == [("commune", "leading_zero")]
    assert FileReading({"versions": [version(state="held")]}).proposals == []
    assert FileReading({"versions": [version(), newer]}).is_under_way
    assert not FileReading({"versions": [version()]}).is_under_way
    assert not FileReading({"versions": []}).is_under_way


def test_what_was_found_is_told_once_for_each_column() -> None:
    """With all that it may be."""
    finding = {"column": "nom", "role": "direct", "rows": 2, "confidence": 0.9}
    findings = [{**finding, "kind": "surname"}, {**finding, "kind": "first_name"}]
    held = version(state="held")
    held["profile"]["privacy"] = {"verdict": "direct", "subject": "persons", "findings": findings}
    reading = FileReading({"versions": [held]})
    assert reading.found == [("nom", "« nom » (nom de famille) et « nom » (prénom)")]
    assert reading.privacy.startswith("Identifiants directs : « nom » (nom de famille)")


def test_a_version_says_what_it_changed() -> None:
    """Fewer rows are told as such, and repairs that were accepted by what they do."""
    changes = {"since": 1, "rows": -38, "added": ["n"], "removed": []}
    repair = {"column": "commune", "repair": "leading_zero", "type": "commune"}
    newer = version(2, changes=changes, accepted_repairs=[repair])
    repaired, changed = differences(newer)
    assert repaired.startswith(f"Réparé à votre demande{SPACE}: «{SPACE}commune{SPACE}»")
    assert changed == (
        f"Depuis la version 1{SPACE}: 38{SPACE}lignes de moins\u202f; colonnes ajoutées{SPACE}: n."
    )
    assert list(differences(version())) == []


def test_no_legal_basis_is_chosen_but_the_one_that_was_declared() -> None:
    """By its owner, for an earlier version."""
    waiting = version(2, "held", legal_basis=None)
    before = version(legal_basis={"basis": "public_task"})
    assert FileReading({"versions": [version(legal_basis=None), waiting]}).basis == ""
    assert FileReading({"versions": [before, waiting]}).basis == "public_task"
