"""How the pages write numbers, dates and names: as French typography has them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.portal.typography import sentence
from shared.catalogues.licence_titles import TITLES
from shared.engine.applications import APPLICATIONS
from shared.engine.places.names import in_french
from shared.engine.tables.crosswalks import CROSSWALKS, PRESENT
from shared.engine.tables.type_names import KEYS
from shared.engine.tables.type_names import TYPES as OTHER_TYPES
from shared.language import french
from shared.language.french import PARIS, french_date, french_hour, grouped
from shared.language.labels import MEMBER_KINDS, REQUEST_STATES, ROLES
from shared.stages import STAGE_NAMES

_UNITS = ("octets", "ko", "Mo", "Go", "To")
_STEP = 1000
_MINUTES_OF_HOUR, _HOURS_OF_DAY = 60, 24

DATASET_STATES = {
    "pending": "en cours de lecture",
    "held": "retenu : une décision est attendue",
    "published": "publié",
    "rejected": "refusé",
    "retired": "retiré",
    "deleted": "supprimé",
}

JOB_KINDS = {
    "trial": "Essai",
    "full": "Calcul complet",
    "ingest": "Lecture d'un fichier",
    "harvest": "Moisson",
    "protect": "Tableaux protégés",
    "replay": "Vérification d'un calcul",
}

JOB_STATES = {
    "queued": "en attente",
    "running": "en cours",
    "given_up": "abandonné par le Datalab",
    "succeeded": "terminé",
    "failed": "échoué",
    "cancelled": "annulé",
    "held": "attend la décision d'un relecteur",
}

RULES = {
    "units": "trop peu d'unités",
    "dominance": "une unité en fait presque tout",
    "p_percent": "dirait à 10 % près ce que pèse la plus grande unité",
    "alike": "toutes ses unités ont la même valeur",
    "margins": "d'autres cases le diraient",
    "ledger": "un résultat déjà sorti le dirait",
    "selection": "unités choisies par le porteur",
    "rows": "ligne par ligne",
    "opaque": "code propre, que rien n'examine",
    "untraced": "mêlé d'une façon que les règles ne suivent pas",
    "stops": "une étape s'arrête devant certaines valeurs",
    "undecided": "trop grand pour être vérifié",
}
"""The rules of release in a few words, as they stand beside a figure."""

OPENING_STATES = {
    "unasked": "l'ouverture n'est pas demandée",
    "waiting": "en attente des réponses",
    "refused": "l'ouverture est refusée",
    "open": "ouvert à tous",
    "ended": "l'ouverture n'est plus demandée",
}
"""What came of the wish to open a restricted result to all."""

SEAT_STATES = {
    "taken": "place réservée",
    "waiting": "sur liste d'attente",
    "given_up": "inscription retirée",
}
"""What became of a registration for a workshop."""

FIELDS = {
    "answer": "réponse",
    "basis": "base légale",
    "came": "personnes venues",
    "columns": "colonnes",
    "conditions": "conditions",
    "conditions_met": "conditions de la revue",
    "description": "description",
    "dimensions": "colonnes",
    "editions_a_year": "éditions en un an",
    "every_days": "jours entre deux éditions",
    "job_id": "résultat",
    "keywords": "mots-clés",
    "mail": "adresse électronique",
    "member_id": "membre",
    "minimum_units": "nombre minimal",
    "guess_percent": "part devinée juste",
    "mode": "rythme",
    "most_rows": "lignes d'une même unité",
    "name": "nom",
    "problem": "problème",
    "project_ids": "projets liés",
    "purpose": "usage",
    "question": "question",
    "reason": "raison",
    "roles": "rôles",
    "seats": "places",
    "seconds": "durée de calcul",
    "series": "série",
    "site_id": "site pilote",
    "skills": "compétences recherchées",
    "team": "équipe",
    "territory": "territoire",
    "theme": "thème",
    "then": "membres suivants",
    "title": "titre",
    "treatment": "traitement",
    "units_repeat": "plusieurs lignes",
}
"""What fields of the services are called at the top of a page."""

TYPES = {
    "text": "texte",
    "integer": "nombre entier",
    "decimal": "nombre",
    "boolean": "oui ou non",
    "datetime": "date et heure",
    "free_text": "texte libre",
    "category": "catégorie : quelques valeurs qui se répètent",
    "nir": "numéro de sécurité sociale",
    "version": "numéro de version",
    **OTHER_TYPES,
    **{key: phrase.removeprefix("le ") for key, phrase in KEYS.items()},
}
"""What columns hold."""


def day(text: str | None) -> str:
    """An ISO date or time as a day: `29/11/2026`, in metropolitan France."""
    if not text:
        return ""
    return french_date(_local(text).date().isoformat() if "T" in text else text)


def moment(text: str | None) -> str:
    """An ISO time as day and hour: `29/11/2026 à 14 h 05`."""
    if not text:
        return ""
    local = _local(text)
    return f"{french_date(local.date().isoformat())} à {french_hour(local)}"


def form_time(text: str | None) -> str:
    """An ISO time as a field for day and hour has it, in metropolitan France; else the text."""
    try:
        return f"{_local(text):%Y-%m-%dT%H:%M}" if text else ""
    except ValueError:
        return text or ""


def of_paris(text: str) -> str:
    """What such a field brings, as an ISO time; what is something else stays as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (time if time.tzinfo else time.replace(tzinfo=PARIS)).isoformat()


def count(number: int | None, singular: str, plural: str = "") -> str:
    """Format a number of things: `0 ligne`, `1 ligne`, `12 345 lignes`."""
    if number is None:
        return ""
    is_singular = abs(number) < 2  # noqa: PLR2004 - French counts from two
    word = singular if is_singular else plural or f"{singular}s"
    return f"{grouped(number)}\u00a0{word}"


def content(dataset: Mapping[str, Any]) -> str:
    """Say how many rows or files a dataset has: of a restricted one a bound, as lists know it."""
    is_files = dataset["content"] == "files"
    number = count(dataset["files"], "fichier") if is_files else count(dataset["rows"], "ligne")
    return f"au plus {number}" if number and dataset["access"] == "restricted" else number


def decimal(number: float | None, digits: int = 1) -> str:
    """A number with a comma: `1 234,5`."""
    if number is None:
        return ""
    return figure(f"{number:.{digits}f}")


def figure(text: str) -> str:
    """A number with a comma, and all digits that it is written with: `1 234,50` of `1234.50`."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    sign = "\u2212" if text.startswith("-") else ""
    return f"{sign}{grouped(int(whole))}{',' if fraction else ''}{fraction}"


def duration(minutes: float) -> str:
    """A length of time in the largest unit that it fills: `12 minutes`, `3,5 heures`."""
    if minutes < _MINUTES_OF_HOUR:
        return count(round(minutes), "minute")
    hours = minutes / _MINUTES_OF_HOUR
    if hours < _HOURS_OF_DAY:
        return f"{decimal(hours)}\u00a0heures"
    return f"{decimal(hours / _HOURS_OF_DAY)}\u00a0jours"


def share(number: float | None) -> str:
    """A share of one as a percentage: `97,1 %`."""
    return "" if number is None else f"{decimal(100 * number)}\u00a0%"


def size(number: int | None) -> str:
    """A number of bytes: `12,3 Mo`, in powers of a thousand."""
    if number is None:
        return ""
    value, unit = float(number), _UNITS[0]
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return f"{decimal(value, 0 if unit == _UNITS[0] else 1)}\u00a0{unit}"


def cost(estimate: Mapping[str, Any]) -> str:
    """What a job is likely to take, of its Estimate: where it runs only if that is the cluster."""
    seconds, where = f"{decimal(estimate['seconds'])}\u00a0s", ""
    if estimate["shards_seconds"] is not None:
        shared = f"{decimal(estimate['shards_seconds'])}\u00a0s en {estimate['shards']} parts"
        where = f" ici, {shared} sur la grappe de calcul, sans l'attente"
    elif estimate["executor"] == "slurm":
        where = " sur la grappe de calcul, sans l'attente"
    return f"environ {seconds}{where}\u00a0; {size(estimate['memory_bytes'])} de mémoire"


def named(code: str, names: Mapping[str, str]) -> str:
    """What a code of a service is called; the code itself when it is newer than this page."""
    return names.get(code, code)


def crosswalk(name: str) -> str:
    """Say in French which keys a crosswalk leads from and to."""
    declaration = CROSSWALKS[name]
    if declaration == PRESENT:
        return "communes d'autres années menées à celles d'aujourd'hui"
    return f"{named(declaration.source, TYPES)} mené à {named(declaration.target, TYPES)}"


FILTERS: dict[str, Any] = {
    "sentence": sentence,
    "day": day,
    "moment": moment,
    "form_time": form_time,
    "count": count,
    "content": content,
    "length_of_time": french.duration,
    "decimal": decimal,
    "figure": figure,
    "share": share,
    "size": size,
    "cost": cost,
    "stage": lambda code: named(code, STAGE_NAMES),
    "application": lambda code: APPLICATIONS[code].title if code in APPLICATIONS else code,
    "kind": lambda code: named(code, MEMBER_KINDS),
    "role": lambda code: named(code, ROLES),
    "places": in_french,
    "crosswalk": crosswalk,
    "licence": lambda code: named(code, TITLES),
    "type": lambda code: named(code, TYPES),
    "dataset_state": lambda code: named(code, DATASET_STATES),
    "job_kind": lambda code: named(code, JOB_KINDS),
    "rule": lambda code: named(code, RULES),
    "job_state": lambda code: named(code, JOB_STATES),
    "opening_state": lambda code: named(code, OPENING_STATES),
    "seat_state": lambda code: named(code, SEAT_STATES),
    "field": lambda name: FIELDS.get(name.partition(".")[0], "").capitalize(),
    "request_state": lambda code: named(code, REQUEST_STATES),
}
"""What the templates call them by."""


def _local(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(PARIS)
