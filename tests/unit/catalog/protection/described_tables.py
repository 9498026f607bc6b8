"""Tables that owners deposit, as profiles describe them, and what to propose to publish of each."""

from typing import Any, NamedTuple

from shared.engine.contract.policy import PolicyDimension, PolicyMeasure, ReleasePolicy
from shared.engine.tables.manifest import Column, Meaning, Profile
from shared.engine.tables.privacy import Finding, Privacy

ROWS = 3000
AREAS, QUARTERS = ("epci", "commune"), ("year", "quarter")
AGES = (18, 25, 40, 60, 75)


class DescribedTable(NamedTuple):
    """A table's profile, what its owner says of it, and the policy to propose."""

    profile: Profile
    about: dict[str, Any]
    policy: ReleasePolicy | None


def table(
    *columns: Column,
    persons: dict[str, str] | None = None,
    direct: dict[str, str] | None = None,
    policy: ReleasePolicy | None,
    **about: Any,
) -> DescribedTable:
    """A table whose columns tell so much of persons: kinds by column, `direct` or not."""
    roles = {"quasi": persons or {}, "direct": direct or {}}
    findings = tuple(
        Finding.model_validate(
            {"column": name, "kind": kind, "role": role, "rows": ROWS, "confidence": 1.0}
        )
        for role, kinds in roles.items()
        for name, kind in kinds.items()
    )
    verdict = "direct" if direct else "quasi" if persons else "none"
    subject = "persons" if findings else "other"
    privacy = Privacy.model_validate({"verdict": verdict, "subject": subject, "findings": findings})
    profile = Profile(rows=ROWS, encoding="utf-8", columns=columns, privacy=privacy)
    return DescribedTable(profile, about, policy)


def text(name: str, distinct: int, meaning: str = "") -> Column:
    """A column of texts."""
    return _column(name, "text", distinct, meaning)


def key(name: str, distinct: int, meaning: str) -> Column:
    """A column of codes that tables are joined by."""
    return _column(name, "text", distinct, meaning, is_key=True)


def integer(name: str, distinct: int, meaning: str = "integer") -> Column:
    """A column of whole numbers."""
    return _column(name, "integer", distinct, meaning)


def decimal(name: str, distinct: int, meaning: str = "decimal") -> Column:
    """A column of numbers."""
    return _column(name, "decimal", distinct, meaning)


def date(name: str, distinct: int = 800) -> Column:
    """A column of days."""
    return _column(name, "date", distinct, "date")


def category(name: str, distinct: int) -> Column:
    """A column of few texts."""
    return text(name, distinct, "category")


def _column(name: str, kind: str, distinct: int, meaning: str, *, is_key: bool = False) -> Column:
    return Column(
        name=name,
        kind=kind,
        filled=ROWS,
        distinct=distinct,
        key=meaning if is_key else None,
        meaning=Meaning(type=meaning, confidence=1.0, valid=1.0) if meaning else None,
    )


def policy(
    unit: str,
    minimum: int,
    dimensions: dict[str, tuple[Any, ...]],
    *measures: str,
    has_single_rows: bool = False,
) -> ReleasePolicy:
    """A policy of these dimensions, by their levels; levels of numbers are where classes begin."""
    return ReleasePolicy(
        unit=(unit,) if unit else (),
        units_repeat=not has_single_rows if unit else None,
        minimum_units=minimum,
        dimensions=tuple(_dimension(name, levels) for name, levels in dimensions.items()),
        measures=tuple(PolicyMeasure(column=name, is_full=True) for name in measures),
    )


def _dimension(name: str, levels: tuple[Any, ...]) -> PolicyDimension:
    if not levels:
        return PolicyDimension(column=name, levels=("value",))
    if isinstance(levels[0], str):
        return PolicyDimension(column=name, levels=levels)
    return PolicyDimension(column=name, levels=("classes",), bounds=levels)


EXAMPLES = {
    "grants to companies": table(
        text("num_dossier", 3000),
        key("siret", 2800, "siret"),
        key("commune", 300, "commune"),
        date("date_demande"),
        decimal("montant", 2997),
        category("secteur", 4),
        category("statut", 2),
        integer("effectif", 51),
        key("naf", 3, "naf"),
        policy=policy(
            "siret",
            3,
            {
                "commune": AREAS,
                "date_demande": QUARTERS,
                "secteur": (),
                "statut": (),
                "naf": (),
                "effectif": (1, 10, 20, 50, 250),
            },
            "montant",
            "effectif",
        ),
    ),
    "households, of several persons each": table(
        text("foyer", 1500),
        key("code_insee", 300, "commune"),
        integer("age", 78),
        category("sexe", 2),
        integer("quotient", 2013),
        category("csp", 4),
        integer("annee", 3, "year"),
        key("iris", 40, "iris"),
        _column("logement", "boolean", 2, "boolean"),
        integer("nb_enfants", 6),
        persons={"code_insee": "place", "age": "age", "sexe": "sex", "iris": "place"},
        policy=policy(
            "foyer",
            11,
            {"code_insee": AREAS, "age": AGES, "sexe": (), "csp": (), "annee": (), "logement": ()},
            "quotient",
        ),
    ),
    "stays of patients who are named": table(
        category("nom", 5),
        category("prenom", 4),
        text("courriel", 3000, "email"),
        category("ville", 3),
        integer("departement", 3, "departement"),
        key("epci", 2, "epci"),
        date("date_naissance", 1936),
        category("diagnostic", 3),
        integer("duree_sejour", 40),
        decimal("cout", 1980),
        direct={
            "nom": "surname",
            "prenom": "first_name",
            "courriel": "email",
            "date_naissance": "birth_date",
        },
        persons={"ville": "place"},
        policy=policy("", 11, {"epci": ("epci",), "diagnostic": ()}, "duree_sejour", "cout"),
    ),
    "homes, whose owner the data's owner names": table(
        text("id_logement", 3000),
        text("titulaire", 1700),
        integer("dep", 5, "departement"),
        integer("annee_construction", 150, "year"),
        category("dpe", 7),
        decimal("surface", 400),
        integer("loyer", 800),
        decimal("latitude", 2900, "latitude"),
        decimal("longitude", 2900, "longitude"),
        policy=policy("titulaire", 11, {"dep": ("departement",), "dpe": ()}, "surface", "loyer"),
        unit_column="titulaire",
    ),
    "wages, by person and employer": table(
        integer("matricule", 1800),
        key("siren", 90, "siren"),
        text("mois", 24, "month"),
        category("sexe", 2),
        category("contrat", 3),
        category("tranche_age", 5),
        decimal("salaire", 2500),
        persons={"sexe": "sex"},
        direct={"matricule": "identifier"},
        policy=policy("matricule", 15, {"sexe": (), "contrat": (), "tranche_age": ()}, "salaire"),
        minimum_units=15,
    ),
    "names and comments": table(
        text("nom", 2900),
        text("courriel", 3000, "email"),
        text("commentaire", 2700),
        direct={"nom": "surname", "courriel": "email"},
        policy=None,
    ),
}

KEPT_APART = {
    "grants to associations": table(
        key("siren", 900, "siren"),
        category("code_secteur", 8),
        category("libelle_secteur", 8),
        date("date_versement"),
        decimal("montant_verse", 2100),
        decimal("montant_vote", 2000),
        integer("departement", 5, "departement"),
        decimal("taux_execution", 900),
        policy=policy(
            "siren",
            3,
            {"departement": ("departement",), "date_versement": QUARTERS, "libelle_secteur": ()},
            "montant_verse",
            "montant_vote",
        ),
    ),
    "pupils": table(
        text("ine", 3000),
        text("uai", 60, "uai"),
        key("commune_residence", 200, "commune"),
        category("classe", 12),
        category("sexe", 2),
        _column("boursier", "boolean", 2, "boolean"),
        integer("nb_absences", 31),
        decimal("moyenne", 150),
        persons={"sexe": "sex", "commune_residence": "place"},
        policy=policy(
            "ine",
            11,
            {"commune_residence": AREAS, "classe": (), "sexe": (), "boursier": ()},
            "nb_absences",
            has_single_rows=True,
        ),
    ),
    "meters, read each month": table(
        text("num_compteur", 250),
        key("iris", 80, "iris"),
        date("date_releve", 36),
        decimal("conso_kwh", 2900),
        decimal("solde", 2600),
        category("usage", 4),
        policy=policy(
            "num_compteur",
            11,
            {"iris": ("commune",), "date_releve": QUARTERS, "usage": ()},
            "conso_kwh",
        ),
    ),
    "emergencies, without a key": table(
        _column("arrivee", "date", 2990, "datetime"),
        integer("age", 100),
        category("sexe", 2),
        integer("gravite", 5),
        category("orientation", 6),
        key("code_postal", 120, "postcode"),
        persons={"age": "age", "sexe": "sex", "code_postal": "place"},
        policy=policy(
            "", 11, {"arrivee": QUARTERS, "age": AGES, "sexe": (), "gravite": (), "orientation": ()}
        ),
    ),
    "sales, whose columns are called as those of tables": table(
        integer("id", 3000),
        category("type_bien", 5),
        integer("nombre", 300),
        decimal("prix_vente", 2450),
        category("ville", 15),
        policy=policy("id", 11, {"ville": (), "type_bien": ()}, "prix_vente", has_single_rows=True),
    ),
    "trips of households": table(
        text("id_foyer", 700),
        text("num_trajet", 3000),
        key("commune_depart", 90, "commune"),
        key("commune_arrivee", 95, "commune"),
        category("mode", 6),
        category("motif", 9),
        decimal("distance_km", 1500),
        decimal("poids", 2000),
        persons={"commune_depart": "place", "commune_arrivee": "place"},
        policy=policy(
            "id_foyer",
            11,
            {"commune_depart": AREAS, "mode": (), "motif": ()},
            "distance_km",
            "poids",
        ),
    ),
}
"""Not looked at while the rule was written."""
