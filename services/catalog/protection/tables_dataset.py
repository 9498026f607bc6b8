"""What the dataset of protected tables is called, and what it says of itself."""

from collections.abc import Iterator

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.decisions.publication import VersionTables
from shared.engine.contract.policy import MadeTables
from shared.language.french import counted, french_list, quoted

FILENAME = "tableaux.csv"


def metadata_of(source: Dataset, tables: VersionTables) -> Metadata:
    """What everybody knows of the tables: of the data's owner what it says of that, and facts."""
    not_of_tables = {
        "access": "restricted" if tables.is_for_granted else "open",
        "columns": (),
        "minimum_units": None,
        "unit_column": "",
        "joins_shown": False,
        "on_cluster": False,
    }
    return source.metadata.model_copy(
        update={
            "title": title_of(source),
            "description": " ".join(_sentences(source, tables)),
            **not_of_tables,
        }
    )


def title_of(source: Dataset) -> str:
    """What the tables of that dataset are called, in French."""
    return f"Tableaux protégés : {source.metadata.title}"


def version_of(source: Dataset, tables: VersionTables) -> VersionContent:
    """The tables as a version of their dataset."""
    return VersionContent(
        file=tables.file,
        filename=FILENAME,
        note=f"Version {tables.version} des données d'origine.",
        modified=source.changed_on(source.history.numbered(tables.version)),
    )


def _sentences(source: Dataset, tables: VersionTables) -> Iterator[str]:
    policy, title = tables.tables.policy, quoted(source.metadata.title)
    levels = [quoted(name) for dimension in policy.dimensions for name in dimension.level_names]
    at_once = counted(tables.tables.most_at_once, "dimension", "dimensions")
    yield (
        f"Tableaux faits du jeu à accès restreint {title} : effectifs par {french_list(levels)},"
        f" au plus {at_once} à la fois. La colonne « tableau » dit duquel est une ligne."
    )
    if policy.measures:
        measures = french_list([quoted(measure.column) for measure in policy.measures])
        yield f"Avec la somme de {measures}."
    for measure in policy.measures:
        if measure.cap is not None:
            yield f"Au-delà de {measure.cap:g}, {quoted(measure.column)} compte pour ce montant."
    unit = french_list([quoted(name) for name in policy.unit])
    whose = f"Une unité est ce que désigne {unit}." if unit else "Chaque ligne est une unité."
    if policy.is_noisy:
        yield from _of_noise(tables.tables, whose)
        return
    yield (
        f"Les chiffres montrés sont exacts et portent chacun sur au moins {policy.minimum_units}"
        f" unités. {whose} Une case vide n'est pas un zéro : son chiffre est masqué, parce qu'il"
        " porterait sur trop peu d'unités ou en révélerait un autre."
    )


def _of_noise(tables: MadeTables, whose: str) -> Iterator[str]:
    """What is said of figures that are slightly wrong."""
    policy = tables.policy
    rows = counted(policy.most_rows, "ligne", "lignes")
    yield f"{whose} Au plus {rows} de chacune compte{'nt' if policy.most_rows > 1 else ''}."
    yield (
        "Toutes les cases sont montrées, et chacune est légèrement fausse, par un bruit tiré au"
        " hasard : dans 95 % des cas, un chiffre est juste à l'écart près de la colonne « (±) »"
        f" voisine ({tables.accuracy}). Sont là toutes les classes possibles, qu'il y ait quelqu'un"
        " ou non. Les chiffres s'additionnent d'un tableau à l'autre, aux arrondis près. Qui"
        " saurait tout des autres devinerait juste, d'une unité, dans au plus"
        f" {policy.guess_percent} % des cas, de toutes les éditions de 365 jours ensemble."
    )
