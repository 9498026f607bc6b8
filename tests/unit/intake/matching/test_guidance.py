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
from tests.unit.intake import made

SIREN = "217601202"


def guided(
    project: Project, matches: Iterable[Match] = (), members: Iterable[Member] = (), **found: Any
) -> Guidance:
    """The guidance where the catalogue found that, and nobody is busy."""
    told = DatasetsMatched(project_id=project.id, matches=tuple(matches), **found)
    return advise(project, told, members)


def applications(project: Project, *matches: Match, brought: tuple[str, ...] = ()) -> list[str]:
    """The names of the applications, best first."""
    found = guided(project, matches, brought=brought).applications
    return [one.application for one in found]


def test_what_the_catalogue_found_is_passed_on_with_its_reasons() -> None:
    """Its order and words stay: of datasets, and of recipes."""
    matches = (made.match("epci"), made.match("communes"))
    recipe = RecipeMatch(name="vacance", version=2, title="Vacance", reasons=("Même sujet.",))
    guidance = guided(made.project(), matches, recipes=(recipe,))
    assert (guidance.datasets, guidance.recipes) == (matches, (recipe,))


def test_a_shared_key_suggests_to_cross_and_to_group_by_it() -> None:
    """The reasons name the dataset and the key, and the words that ask."""
    it = made.project(problem="Combien de logements vides, commune par commune ?")
    guidance = guided(it, [made.match("EPCI 2026", "commune", "epci")])
    found = {one.application: one.reasons for one in guidance.applications}
    assert "Vos données partagent une clé avec « EPCI 2026 » : commune, epci." in found["cross"]
    assert "Il s'agit de compter et classer : « Combien »." in found["aggregate"]
    grouped = "Une fois croisées, les données se regroupent par commune et EPCI."
    assert grouped in found["aggregate"]


def test_forecast_is_not_a_sum_of_the_past() -> None:
    """However often the problem says how many: own code, and nothing that adds up."""
    problem = "Combien de repas faut-il préparer demain dans chaque école ? Nous en jetons trop."
    found = applications(made.project(title="Cantines", problem=problem))
    assert found[0] == "python"
    assert not {"aggregate", "pivot"} & set(found)


def test_what_is_not_wanted_is_not_suggested() -> None:
    """A word is no wish when the words before it take it back."""
    asked = made.project(problem="Il nous faudrait une carte et des tournées optimisées.")
    assert "map" in applications(asked)
    refused = made.project(problem="Comparer avant et après. Pas besoin de carte, sans prévision.")
    assert not {"map", "python"} & set(applications(refused))


def test_names_of_persons_are_hidden_where_files_meet() -> None:
    """Only where the holder's data has some, or the problem says so."""
    it = made.project(title="Familles", problem="Rapprocher deux fichiers.")
    assert "pseudonymise" in applications(it, brought=("person", "text"))
    assert "pseudonymise" not in applications(it, brought=("text",))
    told = made.project(title="Suivi", problem="Suivre des parcours sans échanger de noms.")
    assert "pseudonymise" in applications(told)


def test_nothing_is_suggested_without_a_reason() -> None:
    """No key, no word, no skill, no place."""
    it = made.project(title="Bonjour", problem="Merci.")
    guidance = guided(it, [made.match("bornes")], [made.member("mbr_1")])
    assert (guidance.applications, guidance.experts, guidance.pilot_sites) == ((), (), ())


def test_experts_have_a_skill_that_the_project_asks_for() -> None:
    """However it is spelled; those with more skills, then those nearby, come first."""
    it = made.project(skills=("Statistique", "cartographie"), territory=("14",))
    members = [
        made.member("mbr_far", skills=("statistique",)),
        made.member("mbr_near", skills=("STATISTIQUE",), territory=("14118",)),
        made.member("mbr_both", skills=("Cartographie", "statistique")),
        made.member("mbr_none", skills=("droit",)),
    ]
    experts = guided(it, members=members).experts
    assert [one.member_id for one in experts] == ["mbr_both", "mbr_near", "mbr_far"]
    assert experts[0].reasons[0] == "Compétence recherchée : Statistique, cartographie."
    assert experts[1].reasons[-1] == "Présent sur votre territoire : Caen."


def test_experts_may_call_a_skill_otherwise() -> None:
    """In English, or by its trade; the reason says how."""
    it = made.project(skills=("Machine learning",))
    members = [
        made.member("mbr_a", skills=("apprentissage automatique",)),
        made.member("mbr_b", skills=("contrats d'apprentissage",)),
    ]
    [expert] = guided(it, members=members).experts
    assert (expert.member_id, expert.reasons[0]) == (
        "mbr_a",
        "Compétence recherchée : Machine learning (chez ce membre : apprentissage automatique).",
    )


def test_problem_in_plain_words_finds_who_can_solve_it() -> None:
    """Nobody has to know what the skill is called; the reason quotes the words."""
    it = made.project(problem="On voudrait savoir la veille combien de bus seront pleins.")
    members = [
        made.member("mbr_a", skills=("séries temporelles",)),
        made.member("mbr_b", skills=("droit des données",)),
    ]
    [expert] = guided(it, members=members).experts
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
    it = made.project(problem="On voudrait anticiper les repas à préparer.")
    found = guided(it, members=[made.member("mbr_a", skills=(skill,))]).experts
    assert [one.member_id for one in found] == ["mbr_a"]


@pytest.mark.parametrize(
    "problem",
    ["Revoir la carte scolaire.", "Des menus à la carte.", "Nos photocopies coûtent cher."],
)
def test_words_that_only_look_alike_ask_for_nothing(problem: str) -> None:
    """Neither a map nor pictures are meant."""
    found = applications(made.project(title="Question", problem=problem))
    assert not {"map", "python"} & set(found)


def test_words_are_quoted_as_the_holder_wrote_them() -> None:
    """With accents, capitals and signs."""
    it = made.project(title="Avis", problem="Que disent les Réclamations, avant/après ?")
    found = {one.application: one.reasons for one in guided(it).applications}
    assert any("« Réclamations »" in one for one in found["python"])
    assert any("« avant/après »" in one for one in found["chart"])


def test_busy_member_comes_after_its_equals() -> None:
    """It is named all the same, with how much it does."""
    members = [made.member(f"mbr_{one}", skills=("hydrologie",)) for one in "ab"]
    told = DatasetsMatched(project_id="prj_1", matches=())
    load = {"mbr_a": 5, "mbr_b": 0}
    guidance = advise(made.project(skills=("hydrologie",)), told, members, load.__getitem__)
    assert [one.member_id for one in guidance.experts] == ["mbr_b", "mbr_a"]
    assert guidance.experts[1].reasons[-1] == "Travaille déjà à 5 projets du Datalab."


def test_neither_the_holder_nor_its_own_organisation_is_suggested() -> None:
    """It knows itself; a member with its SIREN is it under another name."""
    about = {"skills": ("droit",), "territory": ("14",), "siren": SIREN}
    members = [
        made.member(made.HOLDER, kind="local_authority", **about),
        made.member("mbr_same", kind="local_authority", **about),
    ]
    guidance = guided(made.project(skills=("droit",)), members=members)
    assert (guidance.experts, guidance.pilot_sites) == ((), ())


def holder(kind: str) -> Member:
    """The holder of the projects, of that kind."""
    return made.member(made.HOLDER, kind=kind)


def test_town_is_piloted_by_those_who_govern_its_place() -> None:
    """Who has just that place first, who has far more last; never a laboratory or a start-up."""
    it = made.project(problem="Où logent les habitants ?", territory=("14118",))
    members = [
        holder("local_authority"),
        made.member("mbr_department", kind="local_authority", territory=("14",)),
        made.member("mbr_town", kind="local_authority", territory=("14118",)),
        made.member("mbr_city", kind="local_authority", territory=("14118", "14327")),
        made.member("mbr_lab", kind="laboratory", territory=("14118",), skills=("logement",)),
        made.member("mbr_startup", kind="startup", territory=("14118",), skills=("logement",)),
        made.member("mbr_elsewhere", kind="local_authority", territory=("76",)),
    ]
    sites = guided(it, members=members).pilot_sites
    assert [one.member_id for one in sites] == ["mbr_town", "mbr_city", "mbr_department"]
    assert sites[0].reasons == (
        "Présent sur votre territoire : Caen.",
        "Collectivité territoriale.",
    )


def test_industry_is_piloted_by_companies_that_know_it() -> None:
    """Wherever they are: a machine breaks the same way there; no town has one."""
    it = made.project(
        title="Panne de presse", problem="Nos presses tombent en panne.", territory=("76",)
    )
    members = [
        holder("company"),
        made.member("mbr_plant", kind="company", skills=("maintenance de presses", "pannes")),
        made.member("mbr_shop", kind="company", skills=("vente en magasin",)),
        made.member("mbr_town", kind="local_authority", territory=("76",)),
    ]
    sites = guided(it, members=members).pilot_sites
    assert [one.member_id for one in sites] == ["mbr_plant"]


def test_school_is_piloted_by_schools() -> None:
    """As is what a laboratory wants to know of pupils."""
    it = made.project(problem="Pourquoi des élèves décrochent-ils ?", territory=("50",))
    members = [
        holder("laboratory"),
        made.member("mbr_school", kind="school", territory=("50147",)),
        made.member("mbr_town", kind="local_authority", territory=("50129",)),
    ]
    assert [one.member_id for one in guided(it, members=members).pilot_sites] == ["mbr_school"]


def test_only_the_best_are_named() -> None:
    """A long list is no advice; among equals the name decides."""
    members = [
        made.member(f"mbr_{number:02}", kind="local_authority", territory=("14",))
        for number in range(30)
    ]
    sites = guided(made.project(), members=reversed(members)).pilot_sites
    assert [site.member_id for site in sites] == [f"mbr_{number:02}" for number in range(BEST)]


def test_a_long_territory_is_cut_short() -> None:
    """Five places are named, the others counted."""
    communes = ("14047", "14118", "14220", "14258", "14333", "14366", "14762")
    member = made.member("mbr_1", kind="local_authority", territory=communes)
    (site,) = guided(made.project(), members=[member]).pilot_sites
    assert site.reasons[0] == (
        "Présent sur votre territoire : Bayeux, Caen, Deauville, Falaise et Honfleur, et 2 autres."
    )
