"""The three papers: the register's entry, the sketch of an impact assessment, the agreement."""

from collections.abc import Callable, Mapping

from services.portal.drafts.draft import TO_COMPLETE, Draft, Facts, Section

_CROSSING = "croisement d'ensembles de données"
_CRITERIA = (
    "évaluation ou notation de personnes",
    "décision automatisée avec effet juridique",
    "surveillance systématique",
    "données sensibles ou à caractère hautement personnel",
    "traitement à grande échelle",
    _CROSSING,
    "personnes vulnérables",
    "usage innovant d'une technique",
    "exclusion du bénéfice d'un droit, d'un service ou d'un contrat",
)
"""The criteria of the European data protection authorities: WP 248 rev.01, III.B."""

_BOUNDED = "Seules les colonnes citées ici sont lues ; l'accès cesse quand le producteur le retire."
_MEASURES = (
    "Le calcul se fait au Datalab, dans un bac à sable sans réseau ; seul son résultat en sort.",
    _BOUNDED,
    "Accès selon les rôles de chacun ; chaque étape est consignée au suivi du projet.",
)


def register(facts: Facts) -> Draft:
    """Draft an entry of the register of processing activities: RGPD, article 30(1), a to g."""
    project = facts.project
    persons = facts.persons or ("Aucune donnée personnelle n'a été repérée dans ce qui est lu.",)
    return Draft(
        "Registre des activités de traitement : fiche",
        (
            Section(
                "Responsable du traitement",
                rows=(
                    ("Organisme", facts.holder),
                    ("Représentant et délégué à la protection des données", TO_COMPLETE),
                ),
            ),
            Section("Finalités", (project["title"], project["problem"])),
            Section(
                "Base légale (article 6)",
                (f"Du porteur, pour ce traitement : {TO_COMPLETE}", *facts.declared),
            ),
            Section("Personnes et données concernées", persons, facts.columns),
            Section("Destinataires", _recipients(facts)),
            Section("Transferts hors de l'Union européenne", (TO_COMPLETE,)),
            Section("Durée de conservation", (TO_COMPLETE,), tuple(facts.bound())),
            Section("Mesures de sécurité", (*_MEASURES, *facts.checks)),
        ),
    )


def assessment(facts: Facts) -> Draft:
    """A sketch of an impact assessment, in the four steps of the CNIL's method (PIA, 2018)."""
    title = "Analyse d'impact relative à la protection des données : esquisse"
    return Draft(title, (_criteria(facts), *_context(facts), *_principles(facts), *_risks(facts)))


def _criteria(facts: Facts) -> Section:
    crosses = len((facts.project["treatment"] or {}).get("inputs", {})) > 1
    seen = {_CROSSING: "oui : plusieurs jeux sont lus ensemble"} if crosses else {}
    return Section(
        "L'analyse est-elle due ?",
        (
            "Elle l'est en principe si deux critères sont réunis (RGPD, article 35).",
            "Le Datalab ne peut en relever qu'un lui-même.",
        ),
        tuple((text, seen.get(text, TO_COMPLETE)) for text in _CRITERIA),
    )


def _context(facts: Facts) -> tuple[Section, ...]:
    project, persons = facts.project, facts.persons or ("Rien n'a été repéré.",)
    return (
        Section("1. Contexte : le traitement", (project["title"], project["problem"])),
        Section("1. Contexte : les données", persons, facts.columns),
        Section("1. Contexte : ce qui en sort", (f"Colonnes du résultat : {facts.result}",)),
    )


def _principles(facts: Facts) -> tuple[Section, ...]:
    needed = "Chaque colonne lue, et son emploi ; le porteur dit pourquoi il la faut."
    rights = f"Information, accès, rectification, effacement, opposition : {TO_COMPLETE}"
    return (
        Section(
            "2. Principes fondamentaux : nécessité et proportionnalité",
            (f"{needed} {TO_COMPLETE}", *facts.declared),
            (*facts.uses, *facts.bound()),
        ),
        Section("2. Principes fondamentaux : droits des personnes", (rights,)),
    )


def _risks(facts: Facts) -> tuple[Section, ...]:
    feared = ("Accès illégitime aux données", "Modification non désirée", "Disparition de données")
    opinions = (
        "Avis du délégué à la protection des données",
        "Avis des personnes concernées ou de leurs représentants",
        "Décision du responsable du traitement",
    )
    return (
        Section("3. Risques : mesures existantes", (*_MEASURES, *facts.checks)),
        Section(
            "3. Risques : vraisemblance et gravité",
            rows=tuple((risk, TO_COMPLETE) for risk in feared),
        ),
        Section("4. Validation", rows=tuple((opinion, TO_COMPLETE) for opinion in opinions)),
    )


def agreement(facts: Facts) -> Draft:
    """Draft an agreement on data between the holder and the owners who are asked."""
    owners = tuple(("Producteur", facts.name_of(owner_id)) for owner_id in facts.owners)
    none = () if owners else ("Ce projet ne lit que des données ouvertes : aucun accord n'est dû.",)
    preview = facts.preview
    return Draft(
        "Accord de mise à disposition de données",
        (
            Section("Parties", none, (("Porteur", facts.holder), *owners)),
            Section("Objet", (facts.project["title"], facts.project["problem"])),
            Section("Données mises à disposition", rows=facts.columns),
            Section(
                "Usage",
                (
                    f"Le porteur reçoit un résultat de ces colonnes : {facts.result}.",
                    "Il n'en fait rien d'autre, et ne cherche à reconnaître personne.",
                    *(
                        f"Condition de la revue : {condition}"
                        for condition in facts.project["conditions"]
                    ),
                ),
                tuple(facts.bound()),
            ),
            Section("Contrôles avant la remise du résultat", facts.checks or (TO_COMPLETE,)),
            Section(
                "Licence et mention",
                rows=(
                    ("Licence du résultat", preview.get("licence") or TO_COMPLETE),
                    ("Mention à publier", preview.get("attribution") or TO_COMPLETE),
                ),
            ),
            Section("Durée et fin", (f"Durée : {facts.until or TO_COMPLETE}", _BOUNDED)),
            Section(
                "Signatures",
                rows=((facts.holder, TO_COMPLETE), *((name, TO_COMPLETE) for _, name in owners)),
            ),
        ),
    )


def _recipients(facts: Facts) -> tuple[str, ...]:
    """Who reads the result: the holder, who took a part in the project, and the lab's staff."""
    parts = facts.project["invitations"]
    taken = [part["member_id"] for part in parts if part["state"] == "accepted"]
    members = dict.fromkeys((facts.project["holder_id"], *taken))
    return (*map(facts.name_of, members), "Relecteurs et opérateurs du Datalab")


PAPERS: Mapping[str, tuple[str, Callable[[Facts], Draft]]] = {
    "registre": ("Fiche du registre des traitements", register),
    "aipd": ("Esquisse d'analyse d'impact (AIPD)", assessment),
    "accord": ("Accord avec les producteurs", agreement),
}
"""By what its address calls each: what links to it say, and how it is written."""
