"""Who is shown which page, and that nobody does anything by a form that is not for them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.demo import content
from deploy.demo.story import wait
from services.portal.pages import PAGES
from tests.chaos.lab import Lab
from tests.e2e.consent import Consent
from tests.e2e.portal.conftest import announced, csrf, let_in, registered
from tests.servers import PATIENCE_SECONDS, free_port

SECRET = "Abonnés à mettre au secret"
PROJECT = "Où ajouter des arrêts ?"
WHO = ("nobody", "newcomer", "holder", "owner", "reviewer", "operator", "invited", "stranger")
NOT_OF_PROJECT = ("nobody", "newcomer", "stranger")
NOT_TOLD = (*NOT_OF_PROJECT, "holder", "invited")
"""Who reads nowhere what a project, and what another private thing is called."""

ALL = "200 200 200 200 200 200 200 200"
SIGNED_IN = "in 200 200 200 200 200 200 200"
STAFF = "in 403 403 403 200 200 403 403"
DATASET = "in 404 404 200 200 200 404 404"
JOB = "in 404 200 404 200 200 404 404"
OF_TEAM = "in 404 200 404 200 200 200 404"
OUT = " ".join(["/connexion"] * len(WHO))
SHOWN = {
    "/": "/connexion 200 200 200 200 200 200 200",
    "/connexion": ALL,
    "/connexion/lien": ALL,
    "/connexion/fournisseur": OUT,
    "/connexion/fournisseur/fin": OUT,
    "/connexion/retour": OUT,
    "/reprise": "in / / / / / / /",
    "/catalogue": ALL,
    "/catalogue/{dataset_id}": "404 404 404 200 200 200 404 404",
    "/catalogue/{dataset_id}/changements": "404 404 404 409 409 409 404 404",
    "/catalogue/{dataset_id}/table": "404 404 404 409 409 409 404 404",
    "/catalogue/{dataset_id}/fichier": "404 404 404 404 404 404 404 404",
    "/services": ALL,
    "/ateliers": ALL,
    "/ateliers/nouveau": STAFF,
    "/ateliers/calendrier.ics": ALL,
    "/ateliers/inscription": "404 404 404 404 404 404 404 404",
    "/ateliers/{workshop_id}": ALL,
    "/ateliers/{workshop_id}/calendrier.ics": ALL,
    "/ateliers/{workshop_id}/modification": STAFF,
    "/ateliers/{workshop_id}/presence": "in 403 403 200 200 200 403 403",
    "/donnees": SIGNED_IN,
    "/donnees/nouveau": SIGNED_IN,
    "/donnees/{dataset_id}": DATASET,
    "/donnees/{dataset_id}/etat": DATASET,
    "/donnees/{dataset_id}/description": DATASET,
    "/donnees/{dataset_id}/ouverture": DATASET,
    "/donnees/{dataset_id}/publication": DATASET,
    "/donnees/{dataset_id}/publication/tableaux": "in 404 404 404 404 404 404 404",
    "/donnees/{dataset_id}/fin": "in 404 404 200 /donnees/{dataset_id} 200 404 404",
    "/demandes": SIGNED_IN,
    "/demandes/{request_id}": "in 404 200 200 200 200 404 404",
    "/projets": SIGNED_IN,
    "/projets/nouveau": SIGNED_IN,
    "/projets/{project_id}": "in 404 200 404 200 200 200 404",
    "/projets/{project_id}/traitement": "in 404 200 404 200 200 200 404",
    "/projets/{project_id}/recette/{recipe}": "in 404 200 404 200 200 200 404",
    "/resultats/{job_id}": OF_TEAM,
    "/resultats/{job_id}/evenements": JOB,
    "/resultats/{job_id}/fichier": OF_TEAM,
    "/resultats/{job_id}/sortie": "in 403 403 403 200 403 403 403",
    "/revue": SIGNED_IN,
    "/revue/{project_id}": "in 404 403 404 200 200 403 404",
    "/revue/{project_id}/quota": STAFF,
    "/revue/{project_id}/brouillons/{paper}": "in 404 200 404 200 200 404 404",
    "/partenaires": SIGNED_IN,
    "/partenaires/{endpoint_id}": "in 404 404 200 404 200 404 404",
    "/compte": SIGNED_IN,
    "/nouvelles": SIGNED_IN,
    "/desabonnement/{link}": ALL,
    "/membres": SIGNED_IN,
    "/membres/{member}": SIGNED_IN,
    "/personnes": "in 403 403 403 403 200 403 403",
    "/personnes/cles": "in 403 403 403 403 200 403 403",
    "/pilotage": STAFF,
    "/pilotage/rapport/{year}": STAFF,
    "/pilotage/chiffres-{year}.csv": STAFF,
    "/aide": ALL,
    "/aide/{name}": ALL,
}
"""What each of WHO is answered: a status, an address, or `in` where one is asked to sign in.

A list shows what is one's own; the workshop is hosted by the owner.
"""

SENT = {
    "reason": "x",
    "sure": "1",
    "version": "1",
    "fingerprint": "0" * 64,
    "decision": "open",
    "answer": "accept",
    "columns": "courriel",
    "column": "courriel",
    "repair": "leading_zero",
    "basis": "public_task",
    "purpose": "x",
    "question": "x",
    "title": "x",
    "theme": "x",
    "problem": "x",
    "url": "https://a.example/",
    "event_types": "*",
    "name": "x",
    "mode": "on_request",
    "roles": "holder",
}
"""Fields that forms have: what is refused is not refused for want of them."""

FOR_ALL = {"/ateliers/{workshop_id}/inscription", "/desabonnement/{link}"}
"""What strangers may do: take a seat, and end mails by the secret that an address holds."""


@dataclass
class Portal:
    """The same portal, as each of these people sees it; `ids` fill its addresses."""

    clients: dict[str, httpx.Client]
    ids: dict[str, str]
    consent: Consent

    def get(self, who: str, route: str) -> httpx.Response:
        """What somebody is answered."""
        return self.clients[who].get(self.at(route))

    def send(self, who: str, route: str, **form: str) -> int:
        """The status that somebody is answered with who sends a form."""
        return self.clients[who].post(self.at(route), data={**SENT, **form}).status_code

    def at(self, route: str) -> str:
        """The address of a route, of the things that are tried out."""
        return re.sub("{([a-z_]+)}", lambda match: self.ids[match[1]], route)


def place_of(answer: httpx.Response) -> str:
    """The status of an answer, or where to go instead."""
    address = str(answer.headers.get("location", answer.status_code))
    return "in" if address.startswith("/connexion?suite=") else address


def held(consent: Consent, folder: Path) -> str:
    """The id of a dataset that names persons: nobody but its owner and the staff knows of it."""
    rows = (f"Martin;martin{at}@exemple.fr;06{10_000_000 + at * 137}" for at in range(60))
    file = folder / "abonnes.csv"
    file.write_text("\n".join(["nom;courriel;telephone", *rows]), encoding="utf-8")
    about = {"title": SECRET, "theme": "mobilité", "licence": "lov2", "access": "restricted"}
    dataset_id = str(consent.owner.upload("catalog", "/datasets", about, file)["id"])
    path = f"/datasets/{dataset_id}"
    wait("it is held", lambda: consent.owner.get("catalog", path)["state"] == "held")
    return dataset_id


def things(consent: Consent, host: str, workshop: str, held_id: str) -> dict[str, str]:
    """One thing of each kind, none of them the stranger's."""
    jobs = consent.holder.get("compute", "/jobs", project_id=consent.project_id)["items"]
    endpoint = {"url": f"http://127.0.0.1:{free_port()}/", "description": SECRET}
    [quiet, notified] = (
        consent.owner.post("notify", "/endpoints", {**endpoint, "event_types": [kind]})["id"]
        for kind in ("harvest_failed", "dataset_described")
    )
    consent.owner.patch("catalog", f"/datasets/{held_id}", {"description": "x"})
    sent = f"/endpoints/{notified}/deliveries"
    seat = {"name": SECRET, "mail": "martin@exemple.fr"}
    account = {"member_id": host, "name": SECRET, "mail": "martin@exemple.fr"}
    return {
        "member": host,
        "dataset_id": held_id,
        "recipe": consent.staff.post("compute", "/recipes", content.recipe())["name"],
        "project_id": consent.project_id,
        "request_id": f"{consent.project_id}.{consent.buses}",
        "job_id": next(job["id"] for job in jobs if job["kind"] == "full"),
        "endpoint_id": quiet,
        "delivery_id": wait("a delivery", lambda: consent.owner.get("notify", sent)["items"])[0][
            "id"
        ],
        "workshop_id": workshop,
        "registration_id": consent.owner.post(
            "intake", f"/workshops/{workshop}/registrations", seat
        )["id"],
        "account_id": consent.staff.post("intake", "/accounts", {**account, "roles": ["owner"]})[
            "id"
        ],
        "key_id": consent.owner.post("intake", "/keys", {"name": SECRET, "roles": ["owner"]})["id"],
        "paper": "registre",
        "name": "donnees",
        "link": "acc_1.daily.x",
        "year": "2026",
    }


@pytest.fixture(scope="module")
def portal(
    lab: Lab, consent: Consent, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """All of them at the portal, and one thing of each kind."""
    held_id = held(consent, tmp_path_factory.mktemp("held"))
    ids = things(consent, consent.members["agency"], announced(consent), held_id)
    people = {
        "newcomer": (registered(lab, "Nouvelle"), "holder"),
        "holder": (consent.members["city"], "holder"),
        "owner": (consent.members["agency"], "owner"),
        "reviewer": (registered(lab, "Relecture"), "reviewer"),
        "operator": (registered(lab, "Exploitation"), "operator"),
        "invited": (consent.members["laboratory"], "holder"),
        "stranger": (registered(lab, "Autre"), "holder", "owner"),
    }
    url = lab.stack.portal_url
    clients = {who: httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) for who in WHO}
    for who, person in people.items():
        let_in(lab, clients[who], *person)
    yield Portal(clients, ids, consent)
    for client in clients.values():
        client.close()


def there(lab: Lab, ids: set[str]) -> dict[tuple[str, str], Any]:
    """The things that people make at the portal, by collection and id, and what these ones say.

    Events that come late are noted in them, and leave what they say.
    """
    created_kinds = ("projects", "datasets", "workshops", "endpoints", "accounts", "jobs")
    notes = {"version", "handled", "outbox", "has_outbox", "outbox_since"}
    return {
        (name, document["_id"]): {key: document[key] for key in document.keys() - notes}
        if document["_id"] in ids
        else None
        for name, collection in lab.collections()
        if name.partition(".")[2] in created_kinds
        for document in collection.find()
    }


def routes(method: str) -> list[str]:
    """The portal's addresses of that method."""
    return [route.path for route in PAGES if method in (route.methods or ())]


def test_each_page_is_for_whom_the_table_says_and_names_no_private_thing(portal: Portal) -> None:
    """A page that comes is written into the table, or this fails.

    Where an address leads elsewhere, it leads to another of these pages.
    """
    assert set(routes("GET")) == set(SHOWN)
    answers_by_route, named = {}, set()
    for route in SHOWN:
        answers = {who: portal.get(who, route) for who in WHO}
        answers_by_route[route] = " ".join(map(place_of, answers.values()))
        named |= {(who, SECRET) for who in NOT_TOLD if SECRET in answers[who].text}
        named |= {(who, PROJECT) for who in NOT_OF_PROJECT if PROJECT in answers[who].text}
    assert answers_by_route == {route: portal.at(field) for route, field in SHOWN.items()}
    assert named == set()


def test_form_without_its_token_does_nothing(lab: Lab, portal: Portal) -> None:
    """Whoever's browser sends it, of each form of the portal."""
    before = there(lab, {*portal.ids.values()})
    for who in ("owner", "holder", "operator"):
        statuses_by_route = {route: portal.send(who, route) for route in routes("POST")}
        assert statuses_by_route.pop("/desabonnement/{link}") == 404
        assert set(statuses_by_route.values()) == {403}
    for route in routes("POST"):
        assert portal.send("nobody", route) in {303, 403, 404}
    assert there(lab, {*portal.ids.values()}) == before


def test_stranger_changes_nothing_of_others(lab: Lab, portal: Portal) -> None:
    """With a token of its own: it is refused, or told that there is no such thing."""
    before = there(lab, {*portal.ids.values()})
    for who in ("stranger", "newcomer"):
        token = csrf(portal.clients[who], "/")
        tried = {route for route in routes("POST") if "{" in route} - FOR_ALL
        statuses_by_route = {route: portal.send(who, route, csrf=token) for route in tried}
        assert {
            route: send for route, send in statuses_by_route.items() if send not in {403, 404}
        } == {}
    assert there(lab, {*portal.ids.values()}) == before


def fields() -> set[str]:
    """The fields of forms and addresses that the portal's pages read by name."""
    read = re.compile(r"""(?:asked|text|texts|number|words|lines|get|getlist)\("([a-z_]+)""")
    files = Path("services/portal/pages").rglob("*.py")
    return {name for file in files for name in read.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("text", ["9" * 5000, "\0", "-" + "9" * 400 + ".5"])
def test_no_page_breaks_of_what_is_sent(portal: Portal, text: str) -> None:
    """Whatever its form or address brings, it says a sentence: 500 is a fault of ours.

    This comes last: an operator may do much, such as delete, which goes on after the answer.
    """
    client, sent = portal.clients["operator"], dict.fromkeys(fields(), text)
    token, broken = csrf(client, "/"), set[str]()
    for route in routes("GET"):
        # What is sent in one line of a request has bounds before ours.
        asked = dict.fromkeys(["suite", "q", "annee", "page", "code", "avec"], text)
        if client.get(portal.at(route), params=asked).status_code == 500:
            broken.add(route)
    for route in set(routes("POST")) - {"/deconnexion"}:
        form = {**sent, "csrf": token}
        if client.post(portal.at(route), data=form).status_code == 500:
            broken.add(route)
    assert broken == set()
