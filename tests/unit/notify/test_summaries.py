"""French summaries of the timeline."""

import pytest

from deploy.queues import subscriptions
from services.catalog.datasets.bodies import ChangeDataset
from services.intake.workshops.bodies import ChangeWorkshop
from services.notify.service import Notify
from services.notify.summaries import _WORDS, summarise
from shared.events import (
    LAB_EVENTS,
    AccessExpired,
    AccessGranted,
    AccessReminded,
    AccessRequested,
    DatasetHeld,
    DatasetPublished,
    DatasetRegistered,
    DatasetsMatched,
    Event,
    InputsChecked,
    JobSucceeded,
    JoinsDiscovered,
    MemberJoined,
    Obstacle,
    ProjectAdvised,
    ProjectDelivered,
    ProjectSecured,
    ProjectTrialled,
    TreatmentChecked,
    TreatmentProposed,
    WorkshopAnnounced,
    WorkshopChanged,
)
from tests.unit.notify.samples import EVENTS, HOLDER, PROJECT, example, instance_of

ADVICE = (
    "Le Datalab a éclairé le projet : 2 jeux de données, 1 application, 0 expert, 1 site pilote."
)

FOR_PROJECT = {"project_id": PROJECT, "dataset_id": None, "owner_id": None, "keys": ("commune",)}


def test_every_event_has_an_example_here() -> None:
    """The other tests of this file mean all events of the lab."""
    assert {type(event) for event in EVENTS} == set(LAB_EVENTS)


def test_every_field_that_an_owner_may_change_has_a_french_name() -> None:
    """Its followers read in words what is said otherwise of a dataset."""
    assert set(ChangeDataset.model_fields) <= set(_WORDS["changed"])


def test_every_field_that_may_be_changed_of_a_workshop_has_a_french_name() -> None:
    """Who registered reads in words what is announced otherwise."""
    assert set(ChangeWorkshop.model_fields) <= set(_WORDS["changed"])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_every_event_has_a_summary(event: Event) -> None:
    """Each summary is one line that reads as a sentence."""
    summary = summarise(event)
    assert summary[0].isupper()
    assert "\n" not in summary


def test_first_treatment_is_not_called_another() -> None:
    """A project may be sent in without one."""
    sentences = [summarise(instance_of(TreatmentProposed, proposal=number)) for number in (1, 2)]
    assert sentences == ["Un traitement est proposé.", "Un autre traitement est proposé."]


def test_notify_listens_to_every_event() -> None:
    """No event of the lab passes the notify service by."""
    assert set(subscriptions(Notify)) >= set(LAB_EVENTS)


@pytest.mark.parametrize(
    ("event", "summary"),
    [
        (example(ProjectAdvised), ADVICE),
        (example(MemberJoined), "Ville devient membre du Datalab."),
        (example(JobSucceeded), "La lecture du fichier a réussi en 1,2 s."),
        (
            example(JobSucceeded).model_copy(update={"warning": "Données personnelles."}),
            "La lecture du fichier a réussi en 1,2 s. Données personnelles.",
        ),
        (
            instance_of(
                JobSucceeded, kind="full", is_held=True, seconds=90.0, warning="", fault=""
            ),
            "Le traitement complet a réussi.",
        ),
        (
            instance_of(JobSucceeded, kind="trial", is_empty=True, warning="Aucune ligne."),
            "L'essai sur échantillon s'est achevé en 1,0 s. Aucune ligne.",
        ),
        (
            instance_of(ProjectTrialled, told="s'est achevé sans aucune ligne"),
            "L'essai sur échantillon s'est achevé sans aucune ligne.",
        ),
        (
            example(DatasetRegistered).model_copy(update={"again": True}),
            "Le fichier « c.csv » va être relu pour « Communes ».",
        ),
        (example(DatasetsMatched), "Le catalogue propose : « Communes »."),
        (DatasetsMatched(project_id=PROJECT, matches=()), "Le catalogue n'a rien trouvé."),
        (example(AccessGranted), "L'accès au jeu dts_1 est accordé."),
        (
            instance_of(ProjectDelivered, title="Carte", licence="lov2"),
            "Le service « Carte » est livré sous la licence Licence Ouverte 2.0.",
        ),
        (
            instance_of(AccessRequested, title="Eau", answer_by="2027-03-01"),
            (
                "L'accès au jeu « Eau » est demandé à son propriétaire."
                " Sans réponse, la demande expire le 01/03/2027."
            ),
        ),
        (
            instance_of(AccessReminded, title="Eau", answer_by="2027-03-01"),
            (
                "La demande d'accès au jeu « Eau » attend une réponse."
                " Sans réponse, la demande expire le 01/03/2027."
            ),
        ),
        (
            example(AccessGranted).model_copy(update={"purpose": "étude.", "until": "2027-03-01"}),
            "L'accès au jeu dts_1 est accordé jusqu'au 01/03/2027 pour : étude.",
        ),
        (example(JoinsDiscovered), "Le jeu de données « Communes » se croise avec « EPCI »."),
        (
            example(JoinsDiscovered).model_copy(update=FOR_PROJECT),
            ("Le nouveau jeu « Communes » se croise avec des données du projet : « EPCI »."),
        ),
        (
            example(JoinsDiscovered).model_copy(update={**FOR_PROJECT, "joins": ()}),
            ("Le nouveau jeu « Communes » a une clé des données du projet : le code commune."),
        ),
        (
            instance_of(
                ProjectSecured, reason="Licite.", conditions=("Rien par rue.", "Citer l'Insee")
            ),
            "Le projet est sécurisé : Licite. Conditions : Rien par rue ; Citer l'Insee.",
        ),
        (
            instance_of(
                ProjectSecured, reason="Licite", conditions=("Rien par rue\nni par îlot.",)
            ),
            "Le projet est sécurisé : Licite. Condition : Rien par rue ni par îlot.",
        ),
        (
            instance_of(AccessExpired, title="Eau", reason="Sans réponse dans le délai imparti."),
            (
                "La demande d'accès au jeu « Eau » a expiré : Sans réponse dans le délai imparti."
                " Son propriétaire peut encore l'accorder."
            ),
        ),
        (
            instance_of(
                WorkshopAnnounced, title="Cartes", starts_at="2027-03-12T13:00:00Z", place="Caen"
            ),
            (
                "L'atelier « Cartes » est annoncé : Caen, le 12/03/2027 à 14\u00a0h\u00a000,"
                " thème theme."
            ),
        ),
        (
            instance_of(WorkshopChanged, title="Cartes", changed=("starts_at", "ends_at", "place")),
            "L'atelier « Cartes » est modifié : début, fin, lieu.",
        ),
        (
            example(TreatmentChecked).model_copy(update={"fault": "« counts » est vide"}),
            "Le traitement proposé ne peut pas être exécuté : « counts » est vide.",
        ),
        (
            instance_of(
                InputsChecked, obstacles=(Obstacle(dataset_id="dts_1", reason="Inconnu."),)
            ),
            "Des données du traitement ne se lisent pas. dts_1 : Inconnu.",
        ),
        (
            instance_of(DatasetPublished, title="Photos", rows=0, files=2),
            "Le jeu de données « Photos » est publié (2 fichiers).",
        ),
        (
            instance_of(DatasetPublished, title="Aides", rows=1300, is_coarse=True),
            "Le jeu de données « Aides » est publié (au plus 1300 lignes).",
        ),
        (
            instance_of(DatasetHeld, title="Photos", columns=("fichiers",), kinds=("unexamined",)),
            (
                "Le jeu de fichiers « Photos » est retenu : son propriétaire doit déclarer s'il s'y"
                " trouve des données personnelles, et sur quelle base légale. Rien ne l'examine."
            ),
        ),
    ],
    ids=lambda value: value.topic if isinstance(value, Event) else "",
)
def test_summary_is_french(event: Event, summary: str) -> None:
    """Numbers, plurals and quotes follow the language."""
    assert summarise(event) == summary


def test_text_of_a_member_is_never_a_template() -> None:
    """Braces in what people write stay as they are."""
    event = MemberJoined(member_id=HOLDER, name="{e.id}", kind="x", skills=(), territory=())
    assert summarise(event) == "{e.id} devient membre du Datalab."
