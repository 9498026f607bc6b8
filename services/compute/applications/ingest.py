"""Takes in a file that somebody uploaded, as one table."""

from services.compute.applications.application import Application, Parameters, Role

INGEST = Application(
    name="ingest",
    title="Lire un fichier",
    description=(
        "Lit un fichier CSV, TSV ou Parquet comme une table, sans rien changer à ses valeurs :"
        " ce qui vient d'un CSV reste du texte, les codes gardent leurs zéros. Décrit les colonnes"
        " et reconnaît les codes de commune, SIREN, EPCI et codes postaux par leurs valeurs."
    ),
    roles=(Role(name="file", title="Le fichier déposé"),),
    parameters=Parameters,
    automatic=True,
)
