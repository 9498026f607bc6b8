"""Under which licence a crossing's result may be published, and what its holder may choose."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.licences.compatibility import Compatibility, compatibility_of, terms_of
from services.catalog.licences.licences import LICENCES, Duty, LicensedInput, canonical
from tests.unit.catalog.samples import made_of, metadata, published, sources_under

IDS = [licence.id for licence in LICENCES]
SOURCES = st.builds(
    LicensedInput,
    title=st.sampled_from(["Communes", "Logements", "Bornes"]),
    producer=st.sampled_from(["INSEE", "La Poste", ""]),
    licence=st.sampled_from([*IDS, "ODbL", "inconnue"]),
    updated=st.sampled_from([date(2021, 1, 1), date(2026, 1, 1), None]),
)


def source(licence: str, title: str = "Communes", producer: str = "INSEE") -> LicensedInput:
    """An input under that licence."""
    return LicensedInput(title=title, producer=producer, licence=licence, updated=date(2026, 1, 31))


@pytest.mark.parametrize(
    ("licences", "result"),
    [
        (["lov2"], "lov2"),
        (["fr-lo", "lov2"], "lov2"),
        (["cc-by", "cc-by"], "cc-by"),
        (["cc-by", "odc-by"], "lov2"),
        (["cc-zero", "odc-pddl"], "cc-zero"),
        (["cc-zero", "fr-lo"], "fr-lo"),
        (["odc-odbl", "lov2"], "odc-odbl"),
        (["cc-by-sa", "cc-zero", "cc-by"], "cc-by-sa"),
        (["other-pd"], "other-pd"),
    ],
)
def test_result_comes_under_the_licence_that_asks_most(licences: list[str], result: str) -> None:
    """Public domain gives way to attribution, attribution to share-alike."""
    compatibility = compatibility_of(map(source, licences))
    assert (compatibility.licence, compatibility.conflict) == (result, None)


def test_two_share_alike_licences_are_a_conflict() -> None:
    """Each wants the result for itself; their producers may decide otherwise."""
    compatibility = compatibility_of(
        [source("odc-odbl", producer="OSM"), source("cc-by-sa", producer="Musée")]
    )
    assert compatibility.licence is None
    assert compatibility.conflict is not None
    assert "ODbL" in compatibility.conflict.reason
    assert "4.4" in compatibility.conflict.reason
    assert compatibility.conflict.decided_by == "Musée, OSM"


@pytest.mark.parametrize("licence", ["notspecified", "other-open", "avec l'accord du maire"])
def test_data_whose_terms_are_not_known_stays_in_the_sandbox(licence: str) -> None:
    """Its producer is to be asked; the other inputs' duties are told all the same."""
    compatibility = compatibility_of([source(licence, "Bornes", "La ville"), source("lov2")])
    assert compatibility.licence is None
    assert compatibility.conflict is not None
    assert "« Bornes »" in compatibility.conflict.reason
    assert compatibility.conflict.decided_by == "La ville"
    assert [obligation.duty for obligation in compatibility.obligations] == [Duty.ATTRIBUTION]


def test_attribution_is_ready_to_be_published() -> None:
    """Each source with producer, date of its last update, licence and address."""
    compatibility = compatibility_of([source("lov2"), source("cc-zero", "Bornes", "")])
    assert compatibility.attribution == (
        "Sources : « Bornes », producteur non précisé, mis à jour le 31/01/2026,"
        " Creative Commons Zero (CC0) 1.0 (https://creativecommons.org/publicdomain/zero/1.0/) ;"
        " « Communes », INSEE, mis à jour le 31/01/2026, Licence Ouverte 2.0"
        " (https://www.etalab.gouv.fr/licence-ouverte-open-licence)."
    )


def test_attribution_claims_no_date_that_the_source_did_not_give() -> None:
    """The day of an upload is none, and tags of HTML are not published."""
    undated = LicensedInput(title="<b>Bornes</b>", producer="<i>SDE</i>", licence="<p>à voir</p>")
    assert compatibility_of([undated]).attribution == (
        "Sources : « Bornes », SDE, date de mise à jour non précisée, licence « à voir »."
    )


def test_licence_that_nobody_here_knows_is_named_as_it_was_given() -> None:
    """It was specified: a text that is to be published must not say otherwise."""
    compatibility = compatibility_of([source("cc-by-nc-4.0")])
    assert "licence « cc-by-nc-4.0 »" in compatibility.attribution
    assert compatibility.conflict is not None
    assert "licence « cc-by-nc-4.0 »" in compatibility.conflict.reason


def test_obligations_name_the_articles_they_stand_in() -> None:
    """One for each duty, whatever the number of licences that ask it."""
    compatibility = compatibility_of([source("odc-odbl"), source("lov2")])
    duties = {obligation.duty: obligation.sources for obligation in compatibility.obligations}
    assert set(duties) == {Duty.ATTRIBUTION, Duty.SHARE_ALIKE, Duty.KEEP_OPEN}
    assert len(duties[Duty.ATTRIBUTION]) == 2
    assert duties[Duty.KEEP_OPEN] == ("ODbL 1.0, 4.2, 4.3, 4.4 et 4.7",)


@given(st.lists(SOURCES, max_size=6), st.randoms())
def test_order_and_repetition_make_no_difference(
    sources: list[LicensedInput], chance: object
) -> None:
    """A crossing is a set of inputs."""
    shuffled = [*sources, *sources]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compatibility_of(shuffled) == compatibility_of(sources)


@given(st.lists(SOURCES, max_size=4), st.lists(SOURCES, max_size=4))
def test_more_inputs_never_ask_for_less(
    some: list[LicensedInput], more: list[LicensedInput]
) -> None:
    """What one part obliges to, the whole does; what one part cannot decide, it cannot."""
    part, whole = compatibility_of(some), compatibility_of([*some, *more])
    assert {obligation.duty for obligation in part.obligations} <= {
        obligation.duty for obligation in whole.obligations
    }
    assert whole.conflict or not part.conflict


@given(st.sampled_from(IDS), st.sampled_from(IDS))
def test_every_pair_has_a_licence_or_a_reason(left: str, right: str) -> None:
    """There is no pair that nothing is said of."""
    compatibility = compatibility_of([source(left, "A", ""), source(right, "B", "")])
    assert (compatibility.licence is None) == (compatibility.conflict is not None)
    assert compatibility.conflict is None or (
        compatibility.conflict.reason and compatibility.conflict.decided_by
    )


@given(*[st.lists(SOURCES, max_size=3)] * 3)
def test_crossing_of_a_crossing_is_one_of_all(
    some: list[LicensedInput], more: list[LicensedInput], rest: list[LicensedInput]
) -> None:
    """Whichever inputs are crossed first, the result is judged by its sources."""
    left = compatibility_of([*compatibility_of([*some, *more]).sources, *rest])
    right = compatibility_of([*some, *compatibility_of([*more, *rest]).sources])
    assert left == right == compatibility_of([*some, *more, *rest])


def crossed(*licences: str) -> Compatibility:
    """The compatibility of inputs under these licences."""
    return compatibility_of(sources_under(*licences))


@pytest.mark.parametrize(
    ("requested_licence", "inputs", "licence"),
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
    requested_licence: str, inputs: list[str], licence: str
) -> None:
    """As much as the inputs' licences do, or more."""
    assert terms_of(requested_licence, crossed(*inputs)) == (licence, True, "")


@pytest.mark.parametrize(
    ("requested_licence", "inputs", "licence"),
    [
        ("cc-zero", ["lov2"], "lov2"),
        ("lov2", ["odc-odbl", "lov2"], "odc-odbl"),
        ("accord de la ville", ["cc-by-sa"], "cc-by-sa"),
    ],
)
def test_licence_that_asks_too_little_gives_way(
    requested_licence: str, inputs: list[str], licence: str
) -> None:
    """The note says in French what was asked for and what it became."""
    terms = terms_of(requested_licence, crossed(*inputs))
    assert (terms.licence, terms.is_publishable) == (licence, True)
    assert f"Licence demandée : {requested_licence}" in terms.note


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
    result.versions[0].provenance = made_of(*origins)
    assert result.sources() == origins
