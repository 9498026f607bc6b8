"""What was found, in French, for holders and reviewers: no value of the data stands in it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from shared.engine.release.cells import Hidden
from shared.engine.release.populations import Population
from shared.engine.tables.release import LedgerEntry, ReleaseVerdict, RuleName, RuleOutcome
from shared.language.french import counted, french_list, quoted

_TOLD: Mapping[RuleName, str] = {
    "units": "trop peu d'unités derrière un chiffre",
    "dominance": "un chiffre tient presque tout entier à une seule unité",
    "p_percent": "un chiffre dirait à 10 % près ce que pèse la plus grande unité",
    "alike": "toutes les unités d'un groupe ont la même valeur",
    "margins": "d'autres chiffres du résultat permettraient de retrouver un chiffre masqué",
    "ledger": "des résultats déjà diffusés permettraient de retrouver un chiffre masqué",
    "versions": "d'une version à l'autre, des chiffres changent du fait de trop peu d'unités",
    "selection": "le porteur a choisi lui-même les unités comptées, ou leur poids",
    "rows": "les lignes sortent telles que leur propriétaire les a accordées",
    "opaque": "figures, fichiers et pages d'un code propre ne peuvent être vérifiés",
    "untraced": "le traitement les mêle d'une façon que les règles ne suivent pas : ce qui en reste"
    " dans le résultat est à lire dans la requête et dans la table",
    "stops": "une étape s'arrête devant des valeurs qu'elle n'attend pas, et le résultat dirait si"
    " elle en a trouvé",
    "undecided": "le résultat est trop grand pour être vérifié en entier",
    "open": "aucune donnée restreinte d'autrui n'y entre",
}
_SUMMARY: Mapping[ReleaseVerdict, str] = {
    "released": "Le résultat respecte les règles de diffusion.",
    "suppressed": "Des chiffres ont été masqués pour respecter le secret statistique.",
    "held": "Le résultat contient des données restreintes d'autrui, et les règles de diffusion ne"
    " suffisent pas à le laisser sortir.",
}


def outcome(
    rule: RuleName, verdict: ReleaseVerdict, title: str = "", *, cells: int = 0, failed: int = 0
) -> RuleOutcome:
    """State in one sentence what a rule says."""
    about = f"Données {quoted(title)} : " if title else ""
    sentence = f"{about}{_TOLD[rule]}."
    sentence = sentence[0].upper() + sentence[1:]
    return RuleOutcome(rule=rule, verdict=verdict, cells=cells, failed=failed, told=sentence)


def outcomes(
    population: Population, cells: int, rows: Hidden, columns: Mapping[str, Hidden]
) -> Iterator[RuleOutcome]:
    """Yield one outcome for each rule that emptied cells.

    That is for reviewers: which of them hid a cell tells about it.
    """
    failed = Counter(
        [*rows.values(), *(rule for hidden in columns.values() for rule in hidden.values())]
    )
    title = population.terms.title or population.name
    for rule, number in sorted(failed.items()):
        yield outcome(rule, "suppressed", title, cells=cells, failed=number)
    if not failed:
        yield outcome("units", "released", title, cells=cells).model_copy(
            update={"told": f"Données {quoted(title)} : chaque chiffre compte assez d'unités."}
        )


def between_versions(
    population: Population, cells: Collection[int], others: Collection[LedgerEntry]
) -> RuleOutcome:
    """Name the results of other versions that differ from these cells by too few units."""
    contents = ((e.version, filter(None, (french_list(e.by), e.filters))) for e in others)
    named = sorted(f"version {version} ({', '.join(parts)})" for version, parts in contents)
    title = population.terms.title or population.name
    outcome_of_versions = outcome("versions", "held", title, cells=len(cells), failed=len(cells))
    some = counted(len(cells), "groupe", "groupes")
    which = f" {some} à comparer avec ce qui est sorti de la {french_list(named)}."
    return outcome_of_versions.model_copy(update={"told": outcome_of_versions.told + which})


def summary(verdict: ReleaseVerdict, hidden: str = "") -> str:
    """Sum up the record in a few sentences; held results are not counted yet."""
    sentence = _SUMMARY[verdict]
    return f"{sentence} {hidden}" if hidden and verdict == "suppressed" else sentence
