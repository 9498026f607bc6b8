"""What a project's result is published under, given what it was made of."""

from datetime import date

import pytest

from services.catalog.datasets.versions import Provenance
from services.catalog.licences.compatibility import (
    Compatibility,
    Source,
    compatibility_of,
    terms_of,
)
from services.catalog.licences.licences import canonical
from tests.unit.catalog.samples import metadata, published, ref


def crossed(*licences: str) -> Compatibility:
    """The compatibility of inputs under these licences."""
    return compatibility_of(
        Source(title=f"T{at}", producer="P", licence=licence, updated=date(2026, 1, 1))
        for at, licence in enumerate(licences)
    )


@pytest.mark.parametrize(
    ("wanted", "inputs", "licence"),
    [
        ("lov2", ["lov2"], "lov2"),
        ("Licence Ouverte 2.0", ["cc-by"], "lov2"),
        ("odc-odbl", ["lov2"], "odc-odbl"),
        ("ODbL", ["odc-odbl", "lov2"], "odc-odbl"),
        ("accord de la ville", ["lov2"], "accord de la ville"),
        ("cc-zero", ["cc-zero"], "cc-zero"),
    ],
)
def test_licence_that_asks_enough_is_the_holders_choice(
    wanted: str, inputs: list[str], licence: str
) -> None:
    """As much as the inputs' licences do, or more."""
    assert terms_of(wanted, crossed(*inputs)) == (licence, True, "")


@pytest.mark.parametrize(
    ("wanted", "inputs", "licence"),
    [
        ("cc-zero", ["lov2"], "lov2"),
        ("lov2", ["odc-odbl", "lov2"], "odc-odbl"),
        ("accord de la ville", ["cc-by-sa"], "cc-by-sa"),
    ],
)
def test_licence_that_asks_too_little_gives_way(
    wanted: str, inputs: list[str], licence: str
) -> None:
    """The note says in French what was asked for and what it became."""
    terms = terms_of(wanted, crossed(*inputs))
    assert (terms.licence, terms.is_publishable) == (licence, True)
    assert f"Licence demandée : {wanted}" in terms.note


def test_result_that_somebody_must_decide_on_is_not_published() -> None:
    """The reason is told with it."""
    terms = terms_of("lov2", crossed("odc-odbl", "cc-by-sa"))
    assert (terms.licence, terms.is_publishable) == ("notspecified", False)
    assert "ODbL 1.0, 4.2" in terms.note


def test_known_licence_is_kept_by_its_identifier() -> None:
    """Other texts are kept as they are: they may be an agreement."""
    url = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
    assert [canonical(text) for text in (url, "ODbL", "accord")] == ["lov2", "odc-odbl", "accord"]


def test_sources_of_a_result_are_those_it_is_made_of() -> None:
    """So that a crossing of crossings names the producers of the data, not its makers."""
    origins = crossed("lov2", "cc-by").sources
    result = published(about=metadata("Résultat"))
    assert [source.title for source in result.sources()] == ["Résultat"]
    result.versions[0].provenance = Provenance(
        project_id="prj_1",
        job_id="job_1",
        manifest=ref("a"),
        inputs=(),
        sources=origins,
        steps=(),
        software={},
    )
    assert result.sources() == origins
