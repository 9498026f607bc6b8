"""What had to be mended so that a file is a table: named for its owner, never silent."""

from collections import Counter
from collections.abc import Mapping, Sequence

from shared.engine.tables.manifest import Repair

_TEXTS: Mapping[str, str] = {
    "archive": "archive décompressée : {detail}",
    "other_files": "fichiers de l'archive laissés de côté : {detail}",
    "hidden_files": "fichiers cachés de l'archive laissés de côté : {detail}",
    "foreign_names": "noms de fichiers qui ne sont pas en UTF-8, lus comme Windows les écrit en"
    " France (CP850) : {detail}",
    "tables_inside": "tableaux parmi les fichiers, que le lab ne lit pas ici : déposés comme tels,"
    " sans « files », ils se croiseraient et s'agrégeraient ({detail})",
    "archives_inside": "archives gardées fermées ; seul un dépôt en .zip est ouvert : {detail}",
    "other_sheets": "feuilles du classeur laissées de côté, qu'un dépôt qui les nomme (sheet)"
    " lirait : {detail}",
    "no_sheets": "feuille demandée, d'un fichier qui n'en a pas : {detail}",
    "notes_below": "lignes de notes sous le tableau laissées de côté",
    "preamble": "lignes au-dessus de l'en-tête laissées de côté",
    "mixed_encoding": "lignes en Windows-1252 dans un fichier UTF-8, toutes lues correctement",
    "order_marks": "marques d'ordre d'octets ôtées au début de lignes",
    "no_header": "aucune ligne d'en-tête, la première ligne est lue comme des données",
    "double_header": "en-tête sur plusieurs lignes, réunies en une",
    "line_breaks": "noms de colonnes écrits sur plusieurs lignes, réunis en une",
    "blank_names": "colonnes sans nom, nommées d'après leur place",
    "no_break_names": "espaces insécables ôtées autour de noms de colonnes",
    "no_break_spaces": "espaces insécables ôtées autour de valeurs : {detail}",
    "trimmed_cells": "espaces ôtées autour de valeurs",
    "apostrophes": "apostrophes ôtées devant des textes qui commencent comme une formule, où nos"
    " exports CSV les mettent : {detail}",
    "repeated_names": "noms de colonnes répétés, numérotés",
    "short_rows": "lignes plus courtes que l'en-tête, complétées par des cases vides",
    "long_rows": "lignes plus longues que l'en-tête, gardées dans des colonnes ajoutées",
    "shown_zeros": "codes écrits avec les zéros de tête que montre le format des cases",
    "shown_percents": "nombres lus en %, comme le format des cases les montre",
    "mixed_percents": "colonnes où des cases sont montrées en % et d'autres sans : lues comme du"
    " texte, à écrire d'une seule façon ({detail})",
    "error_cells": "cases en erreur (#N/A, #REF! …) laissées vides, la première en {detail}",
    "open_formulas": "formules sans résultat, laissées vides, la première en {detail}",
    "empty_rows": "lignes vides laissées de côté",
    "leading_zero": "zéros de tête rendus aux codes, à la demande du propriétaire : {detail}",
    "doubtful_commas": "trois chiffres après chaque virgule, dans un fichier que des virgules"
    " séparent, lus comme des décimales : ce sont peut-être des milliers ({detail})",
    "grouped_key": "espaces et points ôtés des SIREN et SIRET : {detail}",
    "half_characters": "objets avec des moitiés de caractères, remplacées par \ufffd",
    "other_members": "champs à côté de la liste lue, laissés de côté : {detail}",
    "other_layers": "couches laissées de côté : {detail}",
    "views": "vues SQL laissées de côté : {detail}",
    "cut_names": "noms de colonnes de dix caractères, le plus que ce format garde : peut-être"
    " coupés ({detail})",
    "cut_texts": "colonnes avec des textes de 254 caractères, le plus que ce format garde :"
    " peut-être coupés ({detail})",
    "deleted_rows": "lignes marquées comme supprimées, laissées de côté",
    "binary_fields": "champs d'octets (images, pièces jointes) laissés de côté : {detail}",
    "reprojected": "coordonnées converties en WGS84, du système {detail}",
    "unknown_reference": "coordonnées laissées telles quelles, sans longitude ni latitude : leur"
    " système n'est pas connu, ou n'est pas le leur ({detail})",
    "beyond_reference": "géométries hors du domaine de leur système de coordonnées, laissées vides",
    "no_geometry": "objets sans géométrie",
    "unread_geometry": "géométries mal formées ou d'un type inconnu ici, laissées vides",
    "invalid_geometry": "géométries dont les bords se croisent ou se touchent (non valides au sens"
    " de l'OGC), gardées telles quelles",
    "flattened": "géométries dont les altitudes (Z) ou mesures (M) sont laissées de côté",
    "straight_curves": "arcs et courbes remplacés par des lignes brisées",
    "styles": "styles du dessin (couleurs, icônes) laissés de côté",
    "pictures": "images et modèles posés sur la carte, laissés de côté",
    "links": "renvois à d'autres fichiers (NetworkLink), qui ne sont pas suivis",
    "repeated_members": "champs répétés dans un même objet JSON, le dernier gardé",
}
"""The repairs there are, by code; `{detail}` says what exactly."""

_NAMED = 10


class Repairs:
    """Counts the repairs of one file, and keeps the place of the first of each kind."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._firsts: dict[str, tuple[int | None, str]] = {}

    def note(self, code: str, *, line: int | None = None, count: int = 1, detail: str = "") -> None:
        """Add `count` repairs of that kind, at a line counted from 1 as an editor shows it."""
        if count:
            self._counts[code] += count
            self._firsts.setdefault(code, (line, detail))

    def note_each(self, code: str, names: Sequence[str]) -> None:
        """Add one repair for each of these; the first ones are named."""
        self.note(code, count=len(names), detail=", ".join(names[:_NAMED]))

    def all(self) -> tuple[Repair, ...]:
        """Return all repairs, one of each kind, in the order in which they were first made."""
        return tuple(
            Repair(
                code=code,
                message=_TEXTS[code].format(detail=detail),
                count=self._counts[code],
                first_line=line,
            )
            for code, (line, detail) in self._firsts.items()
        )
