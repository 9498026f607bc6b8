"""Takes in a file that somebody uploaded, as one table."""

from services.compute.applications.application import Application, Parameters, Role

INGEST = Application(
    name="ingest",
    title="Lire un fichier",
    description=(
        "Lit un fichier comme une table, sans rien changer à ses valeurs : texte délimité (CSV,"
        " TSV), classeur (XLSX, XLS, ODS), JSON, GeoJSON ou Parquet, compressé ou non. Les codes"
        " gardent leurs zéros, et chaque réparation est nommée. Décrit les colonnes et reconnaît"
        " les codes de commune, SIREN, EPCI et codes postaux par leurs valeurs."
    ),
    roles=(Role(name="file", title="Le fichier déposé"),),
    parameters=Parameters,
    automatic=True,
)
