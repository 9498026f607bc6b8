"""What a project waits for, as its page says it."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from services.portal.french import day
from services.portal.lab import Json
from shared.stages import FINAL_STAGES, STAGE_NAMES

_STOPPED, _HELD = ("failed", "cancelled"), "held"
_EQUIPPED = ("equipped", "trialled", "piloted", "staffed")
_UNTITLED = "un jeu de données"
_ASKING = {
    "trialled": "Le membre invité comme site pilote doit répondre.",
    "piloted": "Les membres invités dans l'équipe doivent répondre.",
}
"""What is said at a stage that looks for a part, once somebody is asked."""


def awaited(
    project: Json,
    jobs: Sequence[Json],
    names: Mapping[str, str],
    reader_id: str = "",
    service: Json = MappingProxyType({}),
) -> list[str]:
    """Return what a project waits for, as far as its reader may see it.

    `jobs` are its own, newest first; `names` are those of members by their ids; `service` is what
    it delivered, if that is kept. It is never empty: where nobody must act, it says what the lab
    does.
    """
    holder = "Vous devez" if reader_id == project["holder_id"] else "Le porteur doit"
    if project["stage"] in FINAL_STAGES:
        end = STAGE_NAMES[project["stage"]]
        nothing = f"Rien n'est plus attendu de personne : le projet est {end}."
        return [*_of_kept_service(service, holder)] or [nothing]
    waits = [*_in_the_way(project, names)]
    if project["holder_due"]:
        waits.append(f"{holder} {project['holder_due']}.")
    if project["staff_due"]:
        waits.append(f"Le Datalab doit {project['staff_due']}.")
    return [*waits, *_of_stage(project, jobs, holder, is_told=bool(waits))]


def _of_kept_service(service: Json, holder: str) -> Iterator[str]:
    """Yield why a delivered service is not renewed, and that its use is to be confirmed."""
    if service.get("state") == "stopped":
        yield f"Le service est arrêté : {service['reason']}."
    if service.get("is_review_due") and service["review_at"]:
        yield f"{holder} dire si le service sert encore, avant le {day(service['review_at'])}."


def _in_the_way(project: Json, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the missing agreements, the treatment's faults and the lost jobs."""
    for wait in project.get("waits_for", ()):
        owner = names.get(wait["member_id"], "de son propriétaire")
        yield f"Un accord est attendu sur « {wait['title'] or _UNTITLED} » : {owner}."
    for access in project.get("accesses", ()):
        if access["state"] not in ("granted", "requested"):
            reason = (access["reason"] or "sans réponse").rstrip(".")
            yield f"L'accès à « {access['title'] or _UNTITLED} » manque : {reason}."
    for check in project.get("checks", ()):
        yield from check["faults"] + check["waits"]
    for job in project.get("given_up", ()):
        yield f"Un opérateur doit relancer ou annuler un calcul abandonné : {job['reason']}."


def _of_stage(project: Json, jobs: Sequence[Json], holder: str, *, is_told: bool) -> Iterator[str]:
    """What the stage itself is for, beside what is known to be in its way."""
    if project["stage"] in _EQUIPPED and not (project.get("access_open", True) or is_told):
        yield "Le Datalab vérifie le nouveau traitement, qui est ensuite calculé de nouveau."
        return
    match project["stage"]:
        case "submitted":
            yield "Le Datalab cherche les données, les experts et les sites qui conviennent."
        case "advised" if not project["holder_due"]:
            yield _of_review(project.get("checks", ()), holder)
        case "trialled" | "piloted" as stage if not project["staff_due"]:
            yield _ASKING[stage]
        case "secured" if not is_told:
            yield "Le Datalab ouvre l'accès aux données et l'espace de calcul."
        case "equipped" if not is_told:
            yield _of_trial(_last(jobs, "trial"))
        case "staffed" if not is_told:
            yield _of_full_job(_last(jobs, "full"), holder)


def _of_review(checks: Sequence[Json], holder: str) -> str:
    if any(check["faults"] for check in checks):
        return f"{holder} changer le traitement."
    if any(check["by"] == "catalog" for check in checks):
        return "Un relecteur du Datalab doit se prononcer."
    return "Le Datalab vérifie le traitement."


def _of_trial(state: str) -> str:
    if state == _HELD:
        return "Un relecteur doit dire si le résultat de l'essai peut sortir."
    return "L'essai sur un échantillon est lancé."


def _of_full_job(state: str, holder: str) -> str:
    """Of a job that has no result to deliver: it is held, or there is none."""
    if state == _HELD:
        return "Un relecteur doit dire si le résultat du calcul complet peut sortir."
    if state in _STOPPED:
        return (
            f"Le calcul complet n'a pas abouti. {holder} le relancer depuis sa page, ou"
            " changer le traitement."
        )
    return "Le calcul complet est lancé ; son résultat se livre ensuite."


def _last(jobs: Sequence[Json], kind: str) -> str:
    """Return the state of the newest job of a kind; empty if there is none, or none visible.

    Staff reads of one whose result waits how it ended, too.
    """
    newest = next((job for job in jobs if job["kind"] == kind), None)
    if newest is None:
        return ""
    return _HELD if newest.get("is_held") else str(newest["state"])
