"""Periods, contacts and codes of the metadata."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.catalog.access.bodies import NewDecision
from services.catalog.datasets.bodies import (
    DeclarationWord,
    NewDataset,
    NewDeclaration,
    NewLegalBasis,
    NewVersion,
)
from services.catalog.datasets.metadata import Contact, Frequency, Metadata, Period
from services.catalog.harvesting.views import NewSource, SourceView
from services.catalog.results.views import NewOpening, NewWord
from services.catalog.retirement.views import NewDeletion, NewRetirement

ABOUT = {"title": "Bornes", "theme": "mobilité", "licence": "lov2"}


def test_a_period_is_kept_as_text_and_comes_back() -> None:
    """Documents have no dates without a time: the store would refuse the write."""
    period = Period(start=date(2020, 1, 1), end=None)
    assert period.model_dump() == {"start": "2020-01-01", "end": None}
    assert Period.model_validate(period.model_dump()) == period


CONTACT = {"email": "sig@ville.fr"}


@pytest.mark.parametrize(
    ("field", "write_text"),
    [
        *((field, lambda text: text) for field in ("title", "licence", "producer", "theme")),
        ("description", lambda text: text),
        ("keywords", lambda text: ["bornes", text]),
        ("contact", lambda text: CONTACT | {"name": text}),
    ],
)
def test_html_is_refused_in_all_that_is_said_of_a_dataset(
    field: str, write_text: Callable[[str], object]
) -> None:
    """The field is named; what only looks like a tag is none."""
    for tagged in ("<a href='https://a.fr'>Bornes</a>", "<img src=x onerror=alert(1)>"):
        with pytest.raises(ValidationError, match=f"(?s){field}.*balises HTML"):
            NewDataset(**ABOUT | {field: write_text(tagged)})
    assert NewDataset(**ABOUT | {field: write_text("Revenus < 60 % <médiane>, a<b et c>d, <5")})


def test_contact_with_tags_of_before_is_still_read() -> None:
    """Documents that were written before tags were refused."""
    assert Metadata(**ABOUT, access="open", contact=CONTACT | {"name": "<b>SIG</b>"}).contact


def test_source_with_tags_of_before_is_still_shown() -> None:
    """Refused when it is written, not when it is read."""
    kept: dict[str, object] = {"catalogue": "dcat", "next_at": None, "harvest_id": ""}
    kept |= {"id": "src_1", "owner_id": "m", "title": "<b>P</b>", "theme": "t", "licence": "lov2"}
    assert SourceView.model_validate(kept).title == "<b>P</b>"


@pytest.mark.parametrize(
    ("body", "field", "fields"),
    [
        (NewDeclaration, "reason", {"columns": ["nom"]}),
        (DeclarationWord, "reason", {"answer": "accept"}),
        (NewLegalBasis, "purpose", {"basis": "public_task"}),
        (NewLegalBasis, "note", {"basis": "public_task", "purpose": "p"}),
        (NewVersion, "note", {}),
        (NewDeletion, "reason", {}),
        (NewRetirement, "reason", {}),
        (NewOpening, "reason", {}),
        (NewWord, "reason", {"decision": "agree", "version": 1}),
        (NewDecision, "reason", {"decision": "refuse"}),
        (NewDecision, "conditions", {"decision": "grant"}),
        (NewDecision, "purpose", {"decision": "grant"}),
        (NewSource, "theme", {"title": "Portail", "catalogue": "dcat"}),
    ],
)
def test_html_is_refused_in_all_that_others_read(
    body: type[BaseModel], field: str, fields: dict[str, object]
) -> None:
    """Reasons, notes, conditions and purposes."""
    with pytest.raises(ValidationError, match=f"(?s){field}.*balises HTML"):
        body.model_validate(fields | {field: "<svg/onload=alert(1)>"})


def test_data_was_not_changed_in_the_future() -> None:
    """A date that is to come is a mistake."""
    assert NewDataset(**ABOUT, modified="2024-05-02").plain().modified == date(2024, 5, 2)
    with pytest.raises(ValidationError, match="l'avenir"):
        NewDataset(**ABOUT, modified="2999-01-01")


@pytest.mark.parametrize("fields", [{}, {"start": "2021-01-02", "end": "2021-01-01"}])
def test_a_period_without_days_or_in_the_wrong_order_is_refused(fields: dict[str, Any]) -> None:
    """One day is a period."""
    with pytest.raises(ValidationError):
        Period.model_validate(fields)
    assert Period(start=date(2021, 1, 1), end=date(2021, 1, 1))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Service SIG"},
        {"email": "sig@ville.fr"},
        {"name": "", "email": "sig@ville.fr"},
        {"name": "Service SIG", "email": "nobody"},
        {"name": "Service SIG", "email": "a@b <c>"},
        {"name": "Service SIG", "url": "ftp://ville.fr"},
    ],
)
def test_a_contact_that_cannot_be_reached_is_refused(fields: dict[str, str]) -> None:
    """A name, and an e-mail address or a page."""
    with pytest.raises(ValidationError):
        Contact.model_validate(fields)


def test_frequencies_are_the_eu_s_codes_in_any_case() -> None:
    """People type them in lower case."""
    codes: TypeAdapter[str] = TypeAdapter(Frequency)
    assert codes.validate_python("annual") == "ANNUAL"
    with pytest.raises(ValidationError):
        codes.validate_python("sometimes")


def test_metadata_of_before_these_terms_is_read() -> None:
    """A document that was written by an earlier release, and an upload that says nothing."""
    kept = Metadata.model_validate({**ABOUT, "access": "open"})
    assert (kept.temporal, kept.contact, kept.hvd, kept.language) == (None, None, None, "fr")
    assert NewDataset.model_validate({**ABOUT, "access": "open"}).plain() == kept
