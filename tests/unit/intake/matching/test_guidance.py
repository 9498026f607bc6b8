"""The lab's advice and its reasons."""

from collections.abc import Iterable
from typing import Any

import pytest

from services.intake.matching.guidance import BEST, advise
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import Guidance
from shared.events import DatasetsMatched, Match
from shared.events.event import RecipeMatch
from tests.unit.intake import samples

SIREN = "217601202"


def guided(
    project: Project, matches: Iterable[Match] = (), members: Iterable[Member] = (), **facts: Any
) -> Guidance:
    """The guidance where the catalogue found that, and nobody is busy."""
    event = DatasetsMatched(project_id=project.id, matches=tuple(matches), **facts)
    return advise(project, event, members)


def applications_for(project: Project, *matches: Match, brought: tuple[str, ...] = ()) -> list[str]:
    """The names of the applications, best first."""
    applications = guided(project, matches, brought=brought).applications
    return [application.application for application in applications]


def test_what_the_catalogue_found_is_passed_on_with_its_reasons() -> None:
    """Its order and words stay: of datasets, and of recipes."""
    matches = (samples.match("epci"), samples.match("communes"))
    recipe = RecipeMatch(name="vacance", version=2, title="Vacance", reasons=("Même sujet.",))
    guidance = guided(samples.project(), matches, recipes=(recipe,))
    assert (guidance.datasets, guidance.recipes) == (matches, (recipe,))


def test_a_shared_key_suggests_to_cross_and_to_group_by_it() -> None:
    """The reasons name the dataset and the key, and the words that ask."""
    project = samples.project(problem="Combien de logements vides, commune par commune ?")
    guidance = guided(project, [samples.match("EPCI 2026", "commune", "epci")])
    reasons_by_application = {
        application.application: application.reasons for application in guidance.applications
    }
    assert (
        "Vos données partagent une clé avec « EPCI 2026 » : commune, epci."
        in reasons_by_application["cross"]
    )
    assert "Il s'agit de compter et classer : « Combien »." in reasons_by_application["aggregate"]
    grouped = "Une fois croisées, les données se regroupent par commune et EPCI."
    assert grouped in reasons_by_application["aggregate"]


def test_forecast_is_not_a_sum_of_the_past() -> None:
    """However often the problem says how many: own code, and nothing that adds up."""
    problem = "Combien de repas faut-il préparer demain dans chaque école ? Nous en jetons trop."
    applications = applications_for(samples.project(title="Cantines", problem=problem))
    assert applications[0] == "python"
    assert not {"aggregate", "pivot"} & set(applications)


def test_what_is_not_wanted_is_not_suggested() -> None:
    """A word is no wish when the words before it take it back."""
    asked = samples.project(problem="Il nous faudrait une carte et des tournées optimisées.")
    assert "map" in applications_for(asked)
    refused = samples.project(
        problem="Comparer avant et après. Pas besoin de carte, sans prévision."
    )
    assert not {"map", "python"} & set(applications_for(refused))


def test_names_of_persons_are_hidden_where_files_meet() -> None:
    """Only where the holder's data has some, or the problem says so."""
    project = samples.project(title="Familles", problem="Rapprocher deux fichiers.")
    assert "pseudonymise" in applications_for(project, brought=("person", "text"))
    assert "pseudonymise" not in applications_for(project, brought=("text",))
    tracking_project = samples.project(
        title="Suivi", problem="Suivre des parcours sans échanger de noms."
    )
    assert "pseudonymise" in applications_for(tracking_project)


def test_experts_have_a_skill_that_the_project_asks_for() -> None:
    """However it is spelled; those with more skills, then those nearby, come first."""
    project = samples.project(skills=("Statistique", "cartographie"), territory=("14",))
    members = [
        samples.member("mbr_far", skills=("statistique",)),
        samples.member("mbr_near", skills=("STATISTIQUE",), territory=("14118",)),
        samples.member("mbr_both", skills=("Cartographie", "statistique")),
        samples.member("mbr_none", skills=("droit",)),
    ]
    experts = guided(project, members=members).experts
    assert [suggestion.member_id for suggestion in experts] == ["mbr_both", "mbr_near", "mbr_far"]
    assert experts[0].reasons[0] == "Compétence recherchée : Statistique, cartographie."
    assert experts[1].reasons[-1] == "Présent sur votre territoire : Caen."


def test_experts_may_call_a_skill_otherwise() -> None:
    """In English, or by its trade; the reason says how."""
    project = samples.project(skills=("Machine learning",))
    members = [
        samples.member("mbr_a", skills=("apprentissage automatique",)),
        samples.member("mbr_b", skills=("contrats d'apprentissage",)),
    ]
    [expert] = guided(project, members=members).experts
    assert (expert.member_id, expert.reasons[0]) == (
        "mbr_a",
        "Compétence recherchée : Machine learning (chez ce membre : apprentissage automatique).",
    )


def test_problem_in_plain_words_finds_who_can_solve_it() -> None:
    """Nobody has to know what the skill is called; the reason quotes the words."""
    project = samples.project(problem="On voudrait savoir la veille combien de bus seront pleins.")
    members = [
        samples.member("mbr_a", skills=("séries temporelles",)),
        samples.member("mbr_b", skills=("droit des données",)),
    ]
    [expert] = guided(project, members=members).experts
    assert expert.member_id == "mbr_a"
    assert expert.reasons[0] == (
        "Il s'agit de prévoir (« la veille ») ; ce membre sait faire : « séries temporelles »."
    )


@pytest.mark.parametrize(
    "skill",
    ["prévision de séries temporelles", "statistique et machine learning", "RGPD, forecasting"],
)
def test_skill_may_be_part_of_what_a_member_says(skill: str) -> None:
    """Members write their skills as they like."""
    project = samples.project(problem="On voudrait anticiper les repas à préparer.")
    experts = guided(project, members=[samples.member("mbr_a", skills=(skill,))]).experts
    assert [suggestion.member_id for suggestion in experts] == ["mbr_a"]


@pytest.mark.parametrize(
    "problem",
    ["Revoir la carte scolaire.", "Des menus à la carte.", "Nos photocopies coûtent cher."],
)
def test_words_that_only_look_alike_ask_for_nothing(problem: str) -> None:
    """Neither a map nor pictures are meant."""
    applications = applications_for(samples.project(title="Question", problem=problem))
    assert not {"map", "python"} & set(applications)


def test_busy_member_comes_after_its_equals() -> None:
    """It is named all the same, with how much it does."""
    members = [samples.member(f"mbr_{letter}", skills=("hydrologie",)) for letter in "ab"]
    event = DatasetsMatched(project_id="prj_1", matches=())
    load = {"mbr_a": 5, "mbr_b": 0}
    guidance = advise(samples.project(skills=("hydrologie",)), event, members, load.__getitem__)
    assert [suggestion.member_id for suggestion in guidance.experts] == ["mbr_b", "mbr_a"]
    assert guidance.experts[1].reasons[-1] == "Travaille déjà à 5 projets du Datalab."


def test_neither_the_holder_nor_its_own_organisation_is_suggested() -> None:
    """It knows itself; a member with its SIREN is it under another name."""
    about = {"skills": ("droit",), "territory": ("14",), "siren": SIREN}
    members = [
        samples.member(samples.HOLDER, kind="local_authority", **about),
        samples.member("mbr_same", kind="local_authority", **about),
    ]
    guidance = guided(samples.project(skills=("droit",)), members=members)
    assert (guidance.experts, guidance.pilot_sites) == ((), ())


def holder(kind: str) -> Member:
    """The holder of the projects, of that kind."""
    return samples.member(samples.HOLDER, kind=kind)


def test_town_is_piloted_by_those_who_govern_its_place() -> None:
    """Who has just that place first, who has far more last; never a laboratory or a start-up."""
    project = samples.project(problem="Où logent les habitants ?", territory=("14118",))
    members = [
        holder("local_authority"),
        samples.member("mbr_department", kind="local_authority", territory=("14",)),
        samples.member("mbr_town", kind="local_authority", territory=("14118",)),
        samples.member("mbr_city", kind="local_authority", territory=("14118", "14327")),
        samples.member("mbr_lab", kind="laboratory", territory=("14118",), skills=("logement",)),
        samples.member("mbr_startup", kind="startup", territory=("14118",), skills=("logement",)),
        samples.member("mbr_elsewhere", kind="local_authority", territory=("76",)),
    ]
    sites = guided(project, members=members).pilot_sites
    assert [suggestion.member_id for suggestion in sites] == [
        "mbr_town",
        "mbr_city",
        "mbr_department",
    ]
    assert sites[0].reasons == (
        "Présent sur votre territoire : Caen.",
        "Collectivité territoriale.",
    )


def test_industry_is_piloted_by_companies_that_know_it() -> None:
    """Wherever they are: a machine breaks the same way there; no town has one."""
    project = samples.project(
        title="Panne de presse", problem="Nos presses tombent en panne.", territory=("76",)
    )
    members = [
        holder("company"),
        samples.member("mbr_plant", kind="company", skills=("maintenance de presses", "pannes")),
        samples.member("mbr_shop", kind="company", skills=("vente en magasin",)),
        samples.member("mbr_town", kind="local_authority", territory=("76",)),
    ]
    sites = guided(project, members=members).pilot_sites
    assert [suggestion.member_id for suggestion in sites] == ["mbr_plant"]


def test_school_is_piloted_by_schools() -> None:
    """As is what a laboratory wants to know of pupils."""
    project = samples.project(problem="Pourquoi des élèves décrochent-ils ?", territory=("50",))
    members = [
        holder("laboratory"),
        samples.member("mbr_school", kind="school", territory=("50147",)),
        samples.member("mbr_town", kind="local_authority", territory=("50129",)),
    ]
    assert [
        suggestion.member_id for suggestion in guided(project, members=members).pilot_sites
    ] == ["mbr_school"]


def test_only_the_best_are_named() -> None:
    """A long list is no advice; among equals the name decides."""
    members = [
        samples.member(f"mbr_{number:02}", kind="local_authority", territory=("14",))
        for number in range(30)
    ]
    sites = guided(samples.project(), members=reversed(members)).pilot_sites
    assert [site.member_id for site in sites] == [f"mbr_{number:02}" for number in range(BEST)]


def test_a_long_territory_is_cut_short() -> None:
    """Five places are named, the others counted."""
    communes = ("14047", "14118", "14220", "14258", "14333", "14366", "14762")
    member = samples.member("mbr_1", kind="local_authority", territory=communes)
    (site,) = guided(samples.project(), members=[member]).pilot_sites
    assert site.reasons[0] == (
        "Présent sur votre territoire : Bayeux, Caen, Deauville, Falaise et Honfleur, et 2 autres."
    )
