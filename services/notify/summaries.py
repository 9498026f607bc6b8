"""One French sentence per event: what holders and partners read in a project's timeline."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import singledispatch
from string import Formatter
from typing import Any

from shared.catalogues.licence_titles import TITLES
from shared.engine.tables.privacy import UNEXAMINED
from shared.engine.tables.type_names import key_in_french
from shared.events import (
    AccessBound,
    AccessGranted,
    AccessReminded,
    AccessRequested,
    DatasetHeld,
    DatasetPublished,
    DatasetRegistered,
    DatasetRejected,
    DatasetsMatched,
    Event,
    InputsChecked,
    InvitationExpired,
    InvitationReminded,
    JobSucceeded,
    JoinsDiscovered,
    MemberInvited,
    NotPersonalAnswered,
    NotPersonalDeclared,
    OpeningDecided,
    OpeningRequested,
    ProjectSecured,
    QuotaDecided,
    QuotaRequested,
    TreatmentChecked,
    TreatmentProposed,
    WorkshopAnnounced,
)
from shared.language.french import (
    counted,
    day_in_paris,
    duration,
    french_date,
    french_hour,
    french_list,
)

_WORDS = {
    "kind": {
        "ingest": "La lecture du fichier",
        "trial": "L'essai sur échantillon",
        "full": "Le traitement complet",
        "harvest": "La lecture d'une page de catalogue",
        "protect": "Le calcul de tableaux protégés",
    },
    "part": {"pilot_site": "Site pilote", "team": "Équipe projet"},
    "change": {
        "new": "est référencé depuis un autre catalogue",
        "changed": "est décrit autrement par son catalogue d'origine",
        "returned": "est de retour dans son catalogue d'origine",
    },
    "decision": {"open": "accepte", "refuse": "refuse", "withdraw": "retire son accord"},
    "changed": {
        "title": "titre",
        "description": "description",
        "theme": "thème",
        "keywords": "mots-clés",
        "territory": "territoire",
        "licence": "licence",
        "access": "accès",
        "producer": "producteur",
        "producer_kind": "nature du producteur",
        "source_url": "page d'origine",
        "temporal": "période",
        "frequency": "fréquence",
        "contact": "contact",
        "hvd": "données de forte valeur",
        "language": "langue",
        "modified": "date de mise à jour",
        "columns": "description des colonnes",
        "content": "nature du contenu",
        "minimum_units": "nombre minimal d'unités par chiffre publié",
        "unit_column": "colonne qui dit à qui est une ligne",
        "joins_shown": "croisements montrés à tous",
        "on_cluster": "calculs permis sur une grappe",
        "starts_at": "début",
        "ends_at": "fin",
        "place": "lieu",
        "link": "lien pour suivre en ligne",
        "seats": "places",
        "waiting_seats": "liste d'attente",
        "host_id": "hôte",
        "project_ids": "projets liés",
    },
    "licence": TITLES,
}
"""What people read in place of these fields' values."""

_INPUTS_FIT = "Les données du traitement proposé sont au catalogue."


class _Template(Formatter):
    """Fills in an event's fields; `{rows:ligne/lignes}` is a number and what it counts."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401, ARG002 - as the base class has it
        value, words = getattr(args[0], str(key)), _WORDS.get(str(key), {})
        if isinstance(value, tuple):
            return tuple(words.get(item, item) for item in value)
        return words.get(value, value)

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - any field's
        if format_spec:
            number = len(value) if isinstance(value, tuple) else value
            return counted(number, *format_spec.split("/"))
        return ", ".join(value) if isinstance(value, tuple) else str(value)


_TEMPLATE = _Template()

_MEMBERS = ("member_id", "site_id", "team", "decided_by")


def with_members(event: Event, called: Callable[[str], str]) -> Event:
    """Return the event with members' names where its sentence has their ids."""
    summary = getattr(event, "summary", "")
    named = {field: getattr(event, field) for field in _MEMBERS if f"{{{field}}}" in summary}
    changed = {
        field: called(value) if isinstance(value, str) else tuple(map(called, value))
        for field, value in named.items()
    }
    return event.model_copy(update=changed)


@singledispatch
def summarise(event: Event) -> str:
    """What happened, as one French sentence: the event's own, or one of those below."""
    return _TEMPLATE.vformat(event.summary, [event], {})


@summarise.register
def _succeeded(event: JobSucceeded) -> str:
    how = "s'est achevé" if event.is_empty or event.fault else "a réussi"
    # How long it ran may tell of the data that a held result is made of.
    time = "" if event.is_held else f" en {event.seconds:.1f} s".replace(".", ",")
    return f"{_WORDS['kind'][event.kind]} {how}{time}. {event.warning}".strip()


@summarise.register
def _quota_requested(event: QuotaRequested) -> str:
    sizes = f"{duration(event.seconds)} de calcul au lieu de {duration(event.quota_seconds)}"
    return f"Le porteur demande un quota de {sizes} : {event.reason}"


@summarise.register
def _quota_decided(event: QuotaDecided) -> str:
    how = "passe à" if event.decision == "grant" else "reste de"
    return f"Le quota de calcul {how} {duration(event.quota_seconds)} : {event.reason}"


@summarise.register
def _matched(event: DatasetsMatched) -> str:
    titles = ", ".join(f"« {match.title} »" for match in event.matches)
    return f"Le catalogue propose : {titles}." if titles else "Le catalogue n'a rien trouvé."


@summarise.register
def _registered(event: DatasetRegistered) -> str:
    what = "va être relu" if event.again else "est reçu"
    return f"Le fichier « {event.filename} » {what} pour « {event.title} »."


@summarise.register
def _rejected(event: DatasetRejected) -> str:
    file = f"Le fichier du jeu « {event.title} »" if event.title else "Le fichier"
    return f"{file} n'a pas pu être lu : {event.reason}"


@summarise.register
def _published(event: DatasetPublished) -> str:
    size = counted(event.rows, "ligne", "lignes")
    if event.files is not None:
        size = counted(event.files, "fichier", "fichiers")
    most = "au plus " if event.is_coarse else ""
    return f"Le jeu de données « {event.title} » est publié ({most}{size})."


@summarise.register
def _held(event: DatasetHeld) -> str:
    if UNEXAMINED in event.kinds:
        return (
            f"Le jeu de fichiers « {event.title} » est retenu : son propriétaire doit déclarer s'il"
            " s'y trouve des données personnelles, et sur quelle base légale. Rien ne l'examine."
        )
    columns = ", ".join(f"« {name} »" for name in event.columns)
    return (
        f"Le jeu de données « {event.title} » est retenu : {columns} y portent sur des personnes."
        " Son propriétaire doit confirmer la base légale, ou déclarer pourquoi ce n'en sont pas."
    )


@summarise.register
def _declared(event: NotPersonalDeclared) -> str:
    waits = " Le Datalab doit encore le confirmer." if event.needs_answer else ""
    return (
        f"Le propriétaire du jeu de données « {event.title} » déclare que {_listed(event.columns)}"
        f" ne porte pas sur des personnes : {event.reason}{waits}"
    )


@summarise.register
def _answered(event: NotPersonalAnswered) -> str:
    statements = {
        "confirm": f"Le Datalab confirme que {_listed(event.columns)} ne porte pas sur des",
        "refuse": f"Le Datalab ne suit pas la déclaration que {_listed(event.columns)} ne porte"
        " pas sur des",
        "withdraw": f"Le propriétaire ne déclare plus que {_listed(event.columns)} ne porte pas sur"
        " des",
    }
    why = f" : {event.reason}" if event.reason else "."
    return f"Jeu de données « {event.title} ». {statements[event.answer]} personnes{why}"


def _listed(columns: Sequence[str]) -> str:
    return french_list([f"« {name} »" for name in dict.fromkeys(columns)])


@summarise.register
def _joins(event: JoinsDiscovered) -> str:
    titles = ", ".join(f"« {join.title} »" for join in event.joins)
    if event.project_id is None:
        return f"Le jeu de données « {event.title} » se croise avec {titles}."
    if titles:
        return f"Le nouveau jeu « {event.title} » se croise avec des données du projet : {titles}."
    keys = french_list([key_in_french(key) for key in event.keys])
    return f"Le nouveau jeu « {event.title} » a une clé des données du projet : {keys}."


@summarise.register
def _inputs(event: InputsChecked) -> str:
    reasons = " ".join(f"{obstacle.dataset_id} : {obstacle.reason}" for obstacle in event.obstacles)
    return f"Des données du traitement ne se lisent pas. {reasons}" if reasons else _INPUTS_FIT


@summarise.register
def _checked(event: TreatmentChecked) -> str:
    if event.fault:
        return f"Le traitement proposé ne peut pas être exécuté : {event.fault}."
    return "Le traitement proposé peut être exécuté."


@summarise.register
def _proposed(event: TreatmentProposed) -> str:
    return "Un autre traitement est proposé." if event.proposal > 1 else event.summary


@summarise.register
def _requested(event: AccessRequested) -> str:
    asked = f"L'accès au jeu {event.dataset} est demandé à son propriétaire."
    return " ".join(filter(None, (asked, event.reason, _by(event.answer_by))))


@summarise.register
def _reminded(event: AccessReminded) -> str:
    waits = f"La demande d'accès au jeu {event.dataset} attend une réponse."
    return f"{waits} {_by(event.answer_by)}".strip()


@summarise.register
def _invited(event: MemberInvited | InvitationReminded) -> str:
    sentence = _TEMPLATE.vformat(event.summary, [event], {})
    by = f" Réponse souhaitée avant le {french_date(event.answer_by)}." if event.answer_by else ""
    return f"{sentence}{by}"


Invitation = MemberInvited | InvitationReminded | InvitationExpired
"""What a member hears of being asked for a part in a project."""

_ASKED = {"pilot_site": "d'être site pilote du projet", "team": "d'entrer dans l'équipe du projet"}


def to_the_invited(event: Invitation, holder: str) -> str:
    """What is asked of the reader, by whom, until when, and how to answer."""
    asked = _ASKED[event.part]
    if isinstance(event, InvitationExpired):
        return f"Vous n'avez pas répondu à temps : le Datalab ne vous demande plus {asked}."
    again = "Rappel : le" if isinstance(event, InvitationReminded) else "Le"
    by = f"Avant le {french_date(event.answer_by)}, a" if event.answer_by else "A"
    return (
        f"{again} Datalab vous demande {asked} « {event.title} », porté par {holder}."
        f" {by}cceptez ou déclinez sur la page du projet."
    )


def _by(day: str | None) -> str:
    return f"Sans réponse, la demande expire le {french_date(day)}." if day else ""


@summarise.register
def _bound(event: AccessBound) -> str:
    asked = " ".join(event.asked)
    return f"L'accord déjà donné pour le jeu {event.dataset} vaut désormais pour ceci. {asked}"


@summarise.register
def _granted(event: AccessGranted) -> str:
    purpose = f" pour : {event.purpose}" if event.purpose else ""
    until = f" jusqu'au {french_date(event.until)}" if event.until else ""
    granted = f"L'accès au jeu {event.dataset} est accordé{until}{purpose}".rstrip(".") + "."
    return _with_conditions(granted, event.conditions)


@summarise.register
def _secured(event: ProjectSecured) -> str:
    return _with_conditions(_TEMPLATE.vformat(event.summary, [event], {}), event.conditions)


def _with_conditions(sentence: str, conditions: Sequence[str]) -> str:
    """Return the sentence with its conditions, verbatim, on the same line."""
    if not conditions:
        return sentence
    listed = " ; ".join(" ".join(condition.split()).rstrip(".") for condition in conditions)
    label = "Conditions" if len(conditions) > 1 else "Condition"
    return f"{sentence.rstrip('.')}. {label} : {listed}."


@summarise.register
def _announced(event: WorkshopAnnounced) -> str:
    at = datetime.fromisoformat(event.starts_at)
    about = f"{event.place or 'en ligne'}, le {french_date(day_in_paris(at))} à {french_hour(at)}"
    return f"L'atelier « {event.title} » est annoncé : {about}, thème {event.theme}."


@summarise.register
def _opening_requested(event: OpeningRequested) -> str:
    asked = " ".join(event.asked)
    return f"L'ouverture à tous du résultat « {event.title} » est demandée. {asked}".strip()


@summarise.register
def _opening_decided(event: OpeningDecided) -> str:
    sentence = _TEMPLATE.vformat(event.summary, [event], {})
    why = f" : {event.reason.rstrip('.')}" if event.reason else ""
    return f"{sentence}{why}.{' Il est ouvert à tous.' if event.is_open else ''}"
