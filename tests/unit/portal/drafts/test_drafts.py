"""The papers of a review say what the lab knows, and leave the rest to people."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from docx import Document

from services.portal.app import templates_of
from services.portal.drafts import docx
from services.portal.drafts.draft import TO_COMPLETE, Draft, Facts
from services.portal.drafts.papers import PAPERS

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} \x00\x0b\ufffe"
AIDES = {
    "title": "Aides",
    "said": "« nom » désigne des personnes.",
    "basis": "sur la base légale « mission d'intérêt public »",
}
PROJECT: dict[str, Any] = {
    "holder_id": "ville",
    "invitations": [
        {"member_id": "lycee", "state": "accepted"},
        {"member_id": "mairie", "state": "declined"},
    ],
    "title": "Qui a droit à l'aide ?",
    "problem": "Compter les ayants droit par quartier.",
    "treatment": {"inputs": {"a": "dts_1", "b": "dts_2"}},
    "conditions": ["Avis du délégué."],
    "checks": [{"persons": [AIDES, {**AIDES, "title": "Écoles", "basis": ""}]}],
    "accesses": [
        {
            "dataset_id": "dts_1",
            "title": "Aides",
            "purpose": "compter les ayants droit",
            "until": "2027-12-31",
            "conditions": ["ne rien publier sous 11 personnes"],
        }
    ],
}
PREVIEW: dict[str, Any] = {
    "asked": [
        {"dataset_id": "dts_1", "title": "Aides", "owner_id": "caf", "columns": ["iris", "aide"]}
    ],
    "columns": [{"name": "iris"}, {"name": "nombre"}],
    "persons": ["« Aides » tient des données sur des personnes."],
    "checks": ["au moins 11 personnes par case"],
    "matches": [{"step": 0, "said": "Les communes se croisent."}],
    "licence": "à décider",
    "attribution": "Caf, 2026",
}
FACTS = Facts(
    PROJECT,
    PREVIEW,
    {
        "ville": {"name": "Ville", "siren": "217600001", "is_erased": False},
        "caf": {"name": "Caf", "siren": "", "is_erased": False},
        "lycee": {"name": "Lycée", "siren": "", "is_erased": False},
        "mairie": {"name": "Mairie", "siren": "", "is_erased": False},
    },
)


def text_of(draft: Draft) -> str:
    """All that a draft says."""
    parts = [draft.title, draft.reference, draft.warning]
    for section in draft.sections:
        parts += [section.title, *section.lines, *(cell for row in section.rows for cell in row)]
    return "\n".join(parts)


KNOWN = {
    "registre": (
        "Ville, SIREN 217600001",
        "Compter les ayants droit par quartier.",
        "« Aides » tient des données sur des personnes.",
        "« Aides » : sur la base légale « mission d'intérêt public »",
        "« Écoles » : son propriétaire n'a déclaré aucune base légale.",
        "« Aides » (Caf)",
        "iris, aide",
        "compter les ayants droit ; jusqu'au 31/12/2027 ; ne rien publier sous 11 personnes",
        "Lycée",
        "Relecteurs et opérateurs du Datalab",
        "au moins 11 personnes par case",
    ),
    "aipd": (
        "croisement d'ensembles de données",
        "oui : plusieurs jeux sont lus ensemble",
        "Colonnes du résultat : iris, nombre ; un compte rendu liste les clés sans correspondance",
        "Accès illégitime aux données",
    ),
    "accord": (
        "Producteur",
        "Caf",
        "Porteur",
        "iris, aide",
        "Caf, 2026",
        "Durée : « Aides » jusqu'au 31/12/2027",
        "Signatures",
    ),
}
UNKNOWN = ("Mairie", "nominatif", "Aucun par le Datalab")
"""Who declined reads nothing; by which accounts people sign in, and where data go, nobody said."""


@pytest.mark.parametrize("paper", PAPERS)
def test_paper_says_what_is_known_and_that_it_is_a_draft(paper: str) -> None:
    """And what nobody told is left to be completed."""
    text = text_of(PAPERS[paper][1](FACTS))
    assert [fact for fact in KNOWN[paper] if fact not in text] == []
    assert [words for words in UNKNOWN if words in text] == []
    assert "Ceci est un brouillon" in text
    assert TO_COMPLETE in text


def test_columns_are_no_legal_basis() -> None:
    """The register names the basis that the owner declared, and not what was found there."""
    [basis] = [
        section for section in PAPERS["registre"][1](FACTS).sections if "Base" in section.title
    ]
    assert not any("désigne des personnes" in line for line in basis.lines)


@pytest.mark.parametrize("paper", PAPERS)
def test_paper_of_a_project_without_a_treatment_is_written(paper: str) -> None:
    """Of which nothing is known but its question."""
    bare = {**PROJECT, "treatment": None, "checks": [], "accesses": [], "invitations": []}
    text = text_of(PAPERS[paper][1](Facts(bare, {}, {})))
    assert bare["title"] in text
    assert "Caf" not in text


@pytest.mark.parametrize("paper", PAPERS)
def test_words_of_others_are_text_in_both_formats(paper: str) -> None:
    """Neither tags nor what XML does not hold spoil a file, nor does anything run."""
    hostile = replace(FACTS, project={**PROJECT, "title": HOSTILE, "problem": HOSTILE})
    draft = PAPERS[paper][1](hostile).typeset()
    file = Document(BytesIO(docx.written(draft)))
    texts = [paragraph.text for paragraph in file.paragraphs]
    assert any("<script>alert(1)</script> {{ 7 * 7 }}" in text for text in texts)
    page = templates_of().get_template("reviews/draft.html").render(draft=draft)
    assert "<script>" not in page
    assert "49" not in page.partition("alert")[2][:60]


def test_both_formats_say_the_same() -> None:
    """Every sentence and cell."""
    draft = PAPERS["registre"][1](FACTS)._replace(reference="Datalab, n° 7").typeset()
    file = Document(BytesIO(docx.written(draft)))
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    paper_text = "\n".join([*(paragraph.text for paragraph in file.paragraphs), *cells])
    assert sorted(paper_text.splitlines()) == sorted(text_of(draft).splitlines())
