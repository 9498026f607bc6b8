"""What codes are called in French, on pages, in refusals and in requests."""

ROLES = {
    "holder": "porteur de projet",
    "owner": "producteur de données",
    "reviewer": "relecteur",
    "operator": "opérateur",
    "committee": "comité de pilotage",
}
"""What callers may act as, as pages and refusals name it."""

REQUEST_STATES = {
    "requested": "en attente de réponse",
    "granted": "accordé",
    "refused": "refusé",
    "expired": "sans réponse : expiré",
    "revoked": "terminé",
}
"""The states of a request for access to data, as pages and refusals name them."""

MEMBER_KINDS = {
    "local_authority": "collectivité territoriale",
    "company": "entreprise",
    "startup": "jeune entreprise",
    "laboratory": "laboratoire",
    "school": "établissement d'enseignement",
    "association": "association",
    "computing_centre": "centre de calcul",
}
"""The kinds of members."""

NEWS_KINDS = {
    "tasks": "Ce qui vous attend",
    "projects": "Vos projets",
    "data": "Vos données",
    "workshops": "Les ateliers",
}
"""The kinds of news by which a person chooses what is mailed."""

LEGAL_BASES = {
    "consent": "consentement",
    "contract": "contrat",
    "legal_obligation": "obligation légale",
    "vital_interests": "intérêts vitaux",
    "public_task": "mission d'intérêt public",
    "legitimate_interests": "intérêts légitimes",
}
"""What personal data may be processed on: RGPD, article 6(1), a to f."""
