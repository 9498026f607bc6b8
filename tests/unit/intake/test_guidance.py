"""The lab's advice and its reasons."""

from services.intake.guidance import BEST, advise
from tests.unit.intake import made

PRESENT, SKILLED = "Présent sur votre territoire", "Compétence recherchée"


def test_matched_datasets_are_passed_on_with_their_reasons() -> None:
    """The catalogue's order and words stay."""
    matches = (made.match("epci"), made.match("communes"))
    assert advise(made.project(), matches, []).datasets == matches


def test_a_shared_key_suggests_to_cross_and_to_group_by_it() -> None:
    """The reasons name the dataset and the key."""
    guidance = advise(made.project(), [made.match("EPCI 2026", "commune", "epci")], [])
    assert {found.application: found.reasons for found in guidance.applications} == {
        "cross": ("Vos données partagent une clé avec « EPCI 2026 » : commune, epci.",),
        "aggregate": ("Une fois croisées, les données se regroupent par commune, EPCI.",),
    }


def test_a_problem_that_asks_for_figures_suggests_to_aggregate() -> None:
    """The reason quotes the words that ask."""
    it = made.project(problem="Quel est le TAUX de vacance et sa répartition ?")
    (found,) = advise(it, [], []).applications
    assert found.application == "aggregate"
    assert found.reasons == ("Votre problème demande des chiffres par groupe : taux, répartition.",)


def test_a_problem_about_places_suggests_a_map_where_there_are_outlines() -> None:
    """A word for it is not enough: a postcode has no outline."""
    it = made.project(problem="Quels territoires sont concernés ?")
    mapped = advise(it, [made.match("EPCI 2026", "epci", "postcode")], []).applications
    assert {found.application: found.reasons for found in mapped}["map"] == (
        "Votre problème parle de territoires : le résultat se dessine sur une carte par EPCI.",
    )
    others = advise(it, [made.match("codes postaux", "postcode")], []).applications
    assert "map" not in {found.application for found in others}


def test_nothing_is_suggested_without_a_reason() -> None:
    """No key, no word, no skill, no place."""
    guidance = advise(made.project(), [made.match("bornes")], [made.member("mbr_1")])
    assert (guidance.applications, guidance.experts, guidance.pilot_sites) == ((), (), ())


def test_experts_have_a_skill_that_the_project_needs() -> None:
    """However it is spelled; those with more skills, then those nearby, come first."""
    it = made.project(skills=("Statistique", "cartographie"), territory=("14",))
    members = [
        made.member("mbr_far", skills=("statistique",)),
        made.member("mbr_near", skills=("STATISTIQUE",), territory=("14118",)),
        made.member("mbr_both", skills=("Cartographie", "statistique")),
        made.member("mbr_none", skills=("droit",)),
    ]
    experts = advise(it, [], members).experts
    assert [(expert.member_id, expert.reasons) for expert in experts] == [
        ("mbr_both", (f"{SKILLED} : Statistique, cartographie.",)),
        ("mbr_near", (f"{SKILLED} : Statistique.", f"{PRESENT} : commune 14118.")),
        ("mbr_far", (f"{SKILLED} : Statistique.",)),
    ]


def test_experts_may_call_a_skill_otherwise() -> None:
    """In English, or by its trade; the reason says how."""
    it = made.project(skills=("Machine learning",))
    members = [
        made.member("mbr_a", skills=("apprentissage automatique",)),
        made.member("mbr_b", skills=("contrats d'apprentissage",)),
    ]
    [expert] = advise(it, [], members).experts
    assert (expert.member_id, expert.reasons[0]) == (
        "mbr_a",
        "Compétence recherchée : Machine learning (chez ce membre : apprentissage automatique).",
    )


def test_pilot_sites_lie_in_the_projects_territory() -> None:
    """Local authorities first: a pilot needs a place that can decide."""
    it = made.project(territory=("14", "50129"))
    members = [
        made.member("mbr_company", territory=("14118", "14366")),
        made.member("mbr_town", kind="local_authority", territory=("50129",)),
        made.member("mbr_elsewhere", kind="local_authority", territory=("76",)),
    ]
    sites = advise(it, [], members).pilot_sites
    assert [(site.member_id, site.reasons) for site in sites] == [
        ("mbr_town", (f"{PRESENT} : commune 50129.", "Collectivité territoriale.")),
        ("mbr_company", (f"{PRESENT} : communes 14118 et 14366.",)),
    ]


def test_the_holder_is_not_suggested_to_itself() -> None:
    """It knows itself."""
    holder = made.member(made.HOLDER, skills=("droit",), territory=("14",))
    guidance = advise(made.project(skills=("droit",)), [], [holder])
    assert (guidance.experts, guidance.pilot_sites) == ((), ())


def test_only_the_best_are_named() -> None:
    """A long list is no advice; among equals the name decides."""
    members = [made.member(f"mbr_{number:02}", territory=("14",)) for number in range(30)]
    sites = advise(made.project(), [], reversed(members)).pilot_sites
    assert [site.member_id for site in sites] == [f"mbr_{number:02}" for number in range(BEST)]


def test_a_long_territory_is_cut_short() -> None:
    """Five places are named, the others counted."""
    communes = tuple(f"1400{number}" for number in range(1, 8))
    (site,) = advise(made.project(), [], [made.member("mbr_1", territory=communes)]).pilot_sites
    assert site.reasons == (
        f"{PRESENT} : communes 14001, 14002, 14003, 14004 et 14005, et 2 autres.",
    )
