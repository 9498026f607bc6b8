"""What a reviewer reads before deciding: all that the services know of a project, in sections."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.portal.drafts.draft import Draft, Facts, Section
from services.portal.french import cost, day, moment, named
from services.portal.lab import Json
from services.portal.typography import sentence
from shared.engine.places.names import in_french
from shared.language.labels import REQUEST_STATES

_NOTHING_READ = "Le porteur n'a pas encore dit ce qu'il veut faire des données."
_NOT_FOUND = "Rien n'a été repéré dans ce qui est lu : ce n'est pas une preuve."
_LONGEST = 50_000
"""Characters that a decision keeps of it."""

_CUT = "\n[La suite n'est pas conservée.]"
_DECISIONS = {"secure": "Favorable", "reject": "Refus", "complete": "À compléter"}


@dataclass(frozen=True)
class Evidence:
    """The facts of a project, what intake says of its review, and the fault of its treatment.

    `missing` is why nothing is known of what the treatment would do, in French.
    """

    facts: Facts
    review: Json
    fault: str = ""
    missing: str = ""


def dossier(evidence: Evidence) -> Draft:
    """Return the evidence of a review, as it is shown and kept with the decision."""
    if not evidence.facts.preview:
        basic_sections = (
            _asker(evidence.facts),
            *_changes(evidence.facts),
            _conflicts(evidence),
            _columns(evidence),
            _before(evidence),
        )
        return Draft(evidence.facts.project["title"], basic_sections, warning="").typeset()
    checks = tuple(map(sentence, evidence.facts.checks))
    sections = (
        _asker(evidence.facts),
        *_changes(evidence.facts),
        _conflicts(evidence),
        _columns(evidence),
        _persons(evidence.facts),
        _bases(evidence.facts),
        _licences(evidence.facts),
        _owners(evidence.facts),
        _feasibility(evidence),
        Section("Vérifié à la sortie", checks or ("Rien de connu.",)),
        _before(evidence),
    )
    return Draft(evidence.facts.project["title"], sections, warning="").typeset()


def as_text(draft: Draft) -> str:
    """Return the dossier as lines of text, cut if it is too long to be kept."""
    text = _whole(draft)
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(_CUT)] + _CUT


def fingerprint_of(draft: Draft) -> str:
    """Return the hash by which a decision names the dossier that it is based on."""
    return hashlib.sha256(_whole(draft).encode()).hexdigest()


def _whole(draft: Draft) -> str:
    return "\n".join(_lines(draft))


def _lines(draft: Draft) -> Iterator[str]:
    yield draft.title
    for section in draft.sections:
        yield f"\n{section.title}"
        yield from section.lines
        yield from (f"{name} : {text}" for name, text in section.rows)


def _asker(facts: Facts) -> Section:
    project = facts.project
    rows = (
        ("Porteur", facts.holder),
        ("Territoire", in_french(project["territory"]) or "non précisé"),
        ("Thème", project["theme"]),
    )
    return Section("La demande", (project["problem"],), rows)


def _changes(facts: Facts) -> Iterator[Section]:
    """Yield what a changed treatment reads or shows beyond the reviewed one, if there is such."""
    if not facts.project.get("needs_review"):
        return
    rows = [
        (f"{when}, « {change['title'] or change['dataset_id']} »", sentence(text))
        for check in facts.project["checks"]
        for change in check["changes"]
        for when, texts in (("Avant", change["before"]), ("Maintenant", change["after"]))
        for text in texts
    ]
    explanation = (
        "Le porteur a changé le traitement : il lit ou montre plus que ce qui a été relu.",
    )
    yield Section("Ce qui change depuis la revue", explanation, tuple(rows))


def _conflicts(evidence: Evidence) -> Section:
    facts, review = evidence.facts, evidence.review
    impediment = review.get("impediment") or ""
    none = "Aucun n'est connu entre vous et ceux que le projet concerne."
    statement = f"Vous ne décidez pas de ce projet : {impediment}." if impediment else none
    if "impediment" not in review:
        statement = "Le Datalab n'a pas pu les chercher."
    named = {
        "Porteur": [facts.project["holder_id"]],
        "Producteurs": facts.owners,
        "Site pilote et équipe": [
            invitation["member_id"]
            for invitation in facts.project["invitations"]
            if invitation["state"] == "accepted"
        ],
    }
    rows = tuple(
        (part, " ; ".join(map(facts.name_of, dict.fromkeys(who))))
        for part, who in named.items()
        if who
    )
    return Section("Conflits d'intérêts", (statement,), rows)


def _columns(evidence: Evidence) -> Section:
    title = "Colonnes lues, et pourquoi"
    reads = evidence.facts.preview.get("reads", ())
    if not reads:
        return Section(title, (evidence.missing or evidence.fault or _NOTHING_READ,))
    needed = ("Ce dont le résultat n'a pas besoin ne devrait pas être lu (RGPD, article 5(1)(c)).",)
    return Section(title, needed, evidence.facts.uses)


def _persons(facts: Facts) -> Section:
    personal_columns = [
        f"« {column['name']} » de « {read['title']} » ({column['person']})"
        for read in facts.preview.get("reads", ())
        for column in read["columns"] or ()
        if column["is_shown"] and column["person"]
    ]
    rows = [("Attendu au résultat", " ; ".join(personal_columns) or "rien sur des personnes")]
    rows += [
        ("Relevé au résultat de l'essai", trial["warning"])
        for trial in facts.project["trials"]
        if trial["warning"] and not trial["is_empty"]
    ]
    return Section("Données personnelles", facts.persons or (_NOT_FOUND,), tuple(rows))


def _bases(facts: Facts) -> Section:
    none = "Aucune n'est déclarée : il n'en faut que si des personnes sont concernées."
    return Section("Bases légales déclarées, et par qui", facts.declared or (none,))


def _licences(facts: Facts) -> Section:
    preview = facts.preview
    conflict = preview.get("conflict") or ""
    rows = (
        ("Licence du résultat", preview.get("licence") or "non connue"),
        ("Mention à publier", preview.get("attribution") or "aucune"),
        *(("Obligation", obligation) for obligation in preview.get("obligations", ())),
    )
    return Section("Licences et obligations", (sentence(conflict),) if conflict else (), rows)


def _owners(facts: Facts) -> Section:
    requested_ids = {access["dataset_id"] for access in facts.project["accesses"]}
    asked = tuple(
        (f"« {request['title']} »", f"à demander à {facts.name_of(request['owner_id'])}")
        for request in facts.preview.get("asked", ())
        if request["dataset_id"] not in requested_ids
    )
    granted = tuple(facts.bound())
    states = tuple(
        (access["title"] or access["dataset_id"], named(access["state"], REQUEST_STATES))
        for access in facts.project["accesses"]
    )
    none = () if asked or states else ("Il ne lit que des données ouvertes, ou les siennes.",)
    return Section("Accords et conditions des producteurs", none, (*asked, *states, *granted))


def _feasibility(evidence: Evidence) -> Section:
    facts, preview = evidence.facts, evidence.facts.preview
    checks = facts.project["checks"]
    faults = [sentence(text) for check in checks for text in (*check["faults"], *check["waits"])]
    warnings = [sentence(warning["message"]) for warning in preview.get("warnings", ())]
    met = [sentence(match["said"]) for match in preview.get("matches", ())]
    rows = [("Essai", _told(trial)) for trial in facts.project["trials"]]
    if preview.get("rows") is not None:
        rows.append(("Lignes attendues", str(preview["rows"])))
    if estimate := preview.get("estimate"):
        rows.append(("Coût", cost(estimate)))
    fault = [sentence(evidence.fault)] if evidence.fault else []
    missing = [evidence.missing] if evidence.missing else []
    lines = tuple(dict.fromkeys((*missing, *fault, *faults, *warnings, *met)))
    return Section(
        "Faisabilité et coût", lines or ("Rien ne s'y oppose, à ce qu'on sait.",), tuple(rows)
    )


def _told(trial: Mapping[str, Json]) -> str:
    how = f"sans résultat : {trial['reason']}" if trial["reason"] else "réussi"
    if not trial["reason"] and trial["result"] is None:
        how = "achevé, résultat retenu pour un relecteur"
    if trial["is_empty"]:
        how = "sans aucune ligne : il ne dit rien de ce que vaut le traitement"
    return f"{moment(trial['at'])}, {how}"


def _before(evidence: Evidence) -> Section:
    name_of = evidence.facts.name_of
    decisions = [
        (
            f"{_DECISIONS[decision['decision']]}, {day(decision['at'])}, {name_of(decision['by'])}",
            _word(decision),
        )
        for decision in evidence.review.get("decisions", ())
    ]
    answers = [
        (f"Réponse du porteur à : {question['text']}", question["answer"] or "pas encore")
        for question in evidence.facts.project["questions"]
    ]
    bound = [
        ("Condition de la revue", condition) for condition in evidence.facts.project["conditions"]
    ]
    none = () if decisions or answers else ("Rien encore.",)
    return Section("Ce qui a été dit avant", none, (*decisions, *bound, *answers))


def _word(decision: Json) -> str:
    """A reviewer's reason, with the conditions that go with it."""
    conditions = " ; ".join(decision["conditions"])
    return f"{decision['reason']} Conditions : {conditions}" if conditions else decision["reason"]
