"""What licences of open data are called in French, by their identifiers of data.gouv.fr."""

TITLES = {
    "lov2": "Licence Ouverte 2.0",
    "fr-lo": "Licence Ouverte 1.0",
    "odc-by": "Open Data Commons Attribution License 1.0",
    "cc-by": "Creative Commons Attribution 4.0",
    "other-at": "Autre licence avec attribution",
    "odc-odbl": "Open Database License (ODbL) 1.0",
    "cc-by-sa": "Creative Commons Attribution - Partage dans les mêmes conditions 4.0",
    "cc-by-3.0": "Creative Commons Attribution 3.0",
    "cc-by-2.0": "Creative Commons Attribution 2.0",
    "cc-by-sa-3.0": "Creative Commons Attribution - Partage dans les mêmes conditions 3.0",
    "cc-by-sa-2.0": "Creative Commons Attribution - Partage dans les mêmes conditions 2.0",
    "cc-zero": "Creative Commons Zero (CC0) 1.0",
    "odc-pddl": "Open Data Commons Public Domain Dedication and Licence (PDDL) 1.0",
    "other-pd": "Domaine public",
    "other-open": "Autre licence ouverte",
    "notspecified": "Licence non spécifiée",
}
