"""One French sentence per event: what holders and partners read in a project's timeline."""

from collections.abc import Callable
from datetime import date
from typing import Any

from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessReminded,
    AccessRequested,
    AccessRevoked,
    DataAccessOpened,
    DatasetDescribed,
    DatasetHarvested,
    DatasetHeld,
    DatasetPublished,
    DatasetRegistered,
    DatasetRejected,
    DatasetRetired,
    DatasetsMatched,
    DeliveryAbandoned,
    EndpointDisabled,
    Event,
    HarvestCancelled,
    HarvestCompleted,
    HarvestFailed,
    HarvestPageFetched,
    InputsChecked,
    JobCancelled,
    JobFailed,
    JobQueued,
    JobStarted,
    JobSucceeded,
    JoinsDiscovered,
    MemberJoined,
    ProjectAdvised,
    ProjectDelivered,
    ProjectEquipped,
    ProjectPiloted,
    ProjectRejected,
    ProjectSecured,
    ProjectStaffed,
    ProjectSubmitted,
    ProjectTrialled,
    ProjectWithdrawn,
    TreatmentChecked,
    TreatmentProposed,
    WorkspaceOpened,
)
from shared.words import counted

_JOBS = {
    "ingest": "La lecture du fichier",
    "trial": "L'essai sur échantillon",
    "full": "Le traitement complet",
    "harvest": "La lecture d'une page de catalogue",
}

_FIELDS = {
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
}

_INPUTS_FIT = "Les données du traitement proposé sont au catalogue."

_HARVESTED = {
    "new": "est référencé depuis un autre catalogue",
    "changed": "est décrit autrement par son catalogue d'origine",
    "returned": "est de retour dans son catalogue d'origine",
}


def _job(event: Any) -> str:  # noqa: ANN401 - one of the five job events
    return _JOBS[event.kind]


def _succeeded(event: JobSucceeded) -> str:
    took = f"{event.seconds:.1f}".replace(".", ",")
    return f"{_job(event)} a réussi en {took} s. {event.warning}".strip()


def _matched(event: DatasetsMatched) -> str:
    titles = ", ".join(f"« {match.title} »" for match in event.matches)
    return f"Le catalogue propose : {titles}." if titles else "Le catalogue n'a rien trouvé."


def _advised(event: ProjectAdvised) -> str:
    parts = (
        counted(event.datasets, "jeu de données", "jeux de données"),
        counted(event.applications, "application", "applications"),
        counted(event.experts, "expert", "experts"),
        counted(event.pilot_sites, "site pilote", "sites pilotes"),
    )
    return f"Le Datalab a éclairé le projet : {', '.join(parts)}."


def _registered(event: DatasetRegistered) -> str:
    what = "va être relu" if event.again else "est reçu"
    return f"Le fichier « {event.filename} » {what} pour « {event.title} »."


def _rejected(event: DatasetRejected) -> str:
    file = f"Le fichier du jeu « {event.title} »" if event.title else "Le fichier"
    return f"{file} n'a pas pu être lu : {event.reason}"


def _published(event: DatasetPublished) -> str:
    rows = counted(event.rows, "ligne", "lignes")
    return f"Le jeu de données « {event.title} » est publié ({rows})."


def _described(event: DatasetDescribed) -> str:
    changed = ", ".join(_FIELDS.get(name, name) for name in event.changed)
    return f"Ce qui est dit du jeu de données « {event.title} » a changé : {changed}."


def _harvested(event: DatasetHarvested) -> str:
    return f"Le jeu de données « {event.title} » {_HARVESTED[event.change]}."


def _held(event: DatasetHeld) -> str:
    columns = ", ".join(f"« {name} »" for name in event.columns)
    return (
        f"Le jeu de données « {event.title} » est retenu : {columns} y portent sur des personnes."
        " Son propriétaire doit confirmer la base légale."
    )


def _joins(event: JoinsDiscovered) -> str:
    titles = ", ".join(f"« {join.title} »" for join in event.joins)
    if event.project_id is None:
        return f"Le jeu de données « {event.title} » se croise avec {titles}."
    if titles:
        return f"Le nouveau jeu de données « {event.title} » se croise avec vos données {titles}."
    keys = ", ".join(event.keys)
    return f"Le nouveau jeu de données « {event.title} » a une clé de vos données : {keys}."


def _inputs(event: InputsChecked) -> str:
    told = " ".join(f"{one.dataset_id} : {one.reason}" for one in event.obstacles)
    return f"Des données du traitement ne se lisent pas. {told}" if told else _INPUTS_FIT


def _checked(event: TreatmentChecked) -> str:
    if event.fault:
        return f"Le traitement proposé ne peut pas être exécuté : {event.fault}."
    return "Le traitement proposé peut être exécuté."


def _opened(event: DataAccessOpened) -> str:
    datasets = counted(len(event.dataset_ids), "jeu de données", "jeux de données")
    return f"L'accès aux données demandées est ouvert ({datasets})."


def _requested(event: AccessRequested) -> str:
    asked = f"L'accès au jeu {_dataset(event)} est demandé à son propriétaire."
    return f"{asked} {event.reason}".strip()


def _granted(event: AccessGranted) -> str:
    purpose = f" pour : {event.purpose}" if event.purpose else ""
    until = f" jusqu'au {date.fromisoformat(event.until):%d/%m/%Y}" if event.until else ""
    return f"L'accès au jeu {_dataset(event)} est accordé{until}{purpose}".rstrip(".") + "."


def _dataset(event: Any) -> str:  # noqa: ANN401 - one of the six access events
    return f"« {event.title} »" if event.title else str(event.dataset_id)


_SUMMARIES: dict[type[Event], Callable[[Any], str]] = {
    MemberJoined: lambda e: f"{e.name} devient membre du Datalab.",
    ProjectSubmitted: lambda e: f"Le projet « {e.title} » est déposé.",
    TreatmentProposed: lambda _: "Un autre traitement est proposé.",
    TreatmentChecked: _checked,
    InputsChecked: _inputs,
    ProjectAdvised: _advised,
    ProjectSecured: lambda e: f"Le projet est sécurisé : {e.reason}",
    ProjectRejected: lambda e: f"Le projet est refusé : {e.reason}",
    ProjectWithdrawn: lambda e: f"Le projet est retiré : {e.reason}",
    ProjectEquipped: lambda _: "Le projet est équipé : accès aux données et espace de calcul.",
    ProjectTrialled: lambda _: "L'essai sur échantillon est concluant.",
    ProjectPiloted: lambda e: f"Le site pilote {e.site_id} est trouvé.",
    ProjectStaffed: lambda e: f"L'équipe du projet est formée : {', '.join(e.team)}.",
    ProjectDelivered: lambda e: f"Le service « {e.title} » est livré (licence {e.licence}).",
    DatasetRegistered: _registered,
    DatasetPublished: _published,
    DatasetHeld: _held,
    JoinsDiscovered: _joins,
    DatasetRejected: _rejected,
    HarvestPageFetched: lambda e: f"La page {e.page} d'un catalogue à moissonner est reçue.",
    HarvestCompleted: lambda e: f"La moisson de « {e.title} » est finie. {e.report}",
    HarvestFailed: lambda e: f"La moisson de « {e.title} » s'est arrêtée : {e.reason}",
    HarvestCancelled: lambda e: f"La moisson de « {e.title} » a été annulée : rien n'est retiré.",
    DatasetHarvested: _harvested,
    DatasetDescribed: _described,
    DatasetRetired: lambda e: f"Le jeu de données « {e.title} » est retiré : {e.reason}",
    DatasetsMatched: _matched,
    AccessRequested: _requested,
    AccessGranted: _granted,
    AccessRefused: lambda e: f"L'accès au jeu {_dataset(e)} est refusé : {e.reason}",
    AccessReminded: lambda e: f"La demande d'accès au jeu {_dataset(e)} attend une réponse.",
    AccessExpired: lambda e: f"La demande d'accès au jeu {_dataset(e)} a expiré : {e.reason}",
    AccessRevoked: lambda e: f"L'accès au jeu {_dataset(e)} est retiré : {e.reason}",
    DataAccessOpened: _opened,
    WorkspaceOpened: lambda e: f"Un espace de calcul est ouvert ({e.quota_seconds} s de calcul).",
    JobQueued: lambda e: f"{_job(e)} attend son tour.",
    JobStarted: lambda e: f"{_job(e)} a commencé.",
    JobSucceeded: _succeeded,
    JobFailed: lambda e: f"{_job(e)} a échoué : {e.reason}",
    JobCancelled: lambda e: f"{_job(e)} n'a pas abouti : {e.reason}",
    EndpointDisabled: lambda e: f"Un point de réception est désactivé : {e.reason}",
    DeliveryAbandoned: lambda e: (
        f"Un envoi est abandonné après {counted(e.attempts, 'essai', 'essais')}."
    ),
}


def summarise(event: Event) -> str:
    """What happened, as one French sentence."""
    return _SUMMARIES[type(event)](event)
