"""What the reading of a dataset's files showed, in the words of its owner's page."""

from collections.abc import Iterator
from functools import cached_property

from services.portal.french import TYPES, count, named, share
from services.portal.lab import Json
from services.portal.typography import spaced
from shared.engine.tables.manifest import Meaning
from shared.engine.tables.privacy import Finding, Privacy
from shared.engine.tables.type_names import others_told
from shared.language.french import french_list, quoted

REPAIRS = {"leading_zero": "redonner aux codes le zéro qu'ils ont perdu au début"}
_TO_REPAIR = {
    "leading_zero": "dont des codes ont perdu leur zéro au début : ils ne se croisent qu'une fois"
    " réparés"
}

_DELIMITERS = {
    ";": "le point-virgule",
    ",": "la virgule",
    "\t": "la tabulation",
    "|": "la barre verticale",
}
_COLUMNS = {"added": "ajoutées", "removed": "retirées"}
_BYTES = "binary"
_EXAMPLES = 3


class FileReading:
    """What is known of a dataset by its versions, as its owner sees them."""

    def __init__(self, dataset: Json) -> None:
        self._dataset, self._versions = dataset, dataset["versions"]

    @property
    def is_under_way(self) -> bool:
        """Whether its newest file waits to be read, or is."""
        return bool(self._versions) and self._versions[-1]["state"] == "pending"

    @cached_property
    def held(self) -> Json:
        """The newest version that waits for its owner's decision on personal data, if any."""
        return next(
            (version for version in reversed(self._versions) if version["state"] == "held"), None
        )

    @property
    def basis(self) -> str:
        """The legal basis that the owner declared last, if any."""
        declared = (
            version["legal_basis"] for version in reversed(self._versions) if version["legal_basis"]
        )
        return next((str(legal_basis["basis"]) for legal_basis in declared), "")

    @property
    def kept(self) -> list[int]:
        """The numbers of the versions that its person may take away, the oldest first."""
        return [version["number"] for version in self._versions if "download" in version["may"]]

    @cached_property
    def newest(self) -> Json:
        """The newest version that could be read, if any."""
        return next((version for version in reversed(self._versions) if version["profile"]), None)

    @property
    def file(self) -> str:
        """How its file was read, in a sentence."""
        profile = self.newest["profile"]
        parts = [f"Lu comme {profile['format'].upper()}"]
        if profile["sheet"]:
            parts.append(f"feuille {quoted(profile['sheet'])}")
        if profile["encoding"] != _BYTES:
            parts.append(f"encodage {profile['encoding']}")
        if profile["delimiter"]:
            parts.append(f"séparé par {named(profile['delimiter'], _DELIMITERS)}")
        shape = f"{count(profile['rows'], 'ligne')}, {count(len(profile['columns']), 'colonne')}"
        return f"{', '.join(parts)} : {shape}."

    @property
    def privacy(self) -> str:
        """What screening for personal data says of the newest version that was read."""
        privacy = self.newest["profile"]["privacy"]
        return Privacy.model_validate(privacy).in_french() if privacy else "Pas encore examiné."

    @property
    def found(self) -> list[tuple[str, str]]:
        """The columns that hold personal data, each with its kinds."""
        privacy = (self.held or self.newest)["profile"]["privacy"]
        findings = Privacy.model_validate(privacy).findings if privacy else ()
        by_column: dict[str, list[str]] = {}
        for finding in findings:
            by_column.setdefault(finding.column, []).append(finding.in_french)
        return [(name, french_list(kinds)) for name, kinds in by_column.items()]

    @property
    def declarations(self) -> list[tuple[Json, str]]:
        """The owner's declarations on the newest version that was read, each with its columns."""
        declarations = (self.held or self.newest)["not_personal"]
        return [
            (
                declaration,
                french_list(
                    [
                        Finding.model_validate(finding).in_french
                        for finding in declaration["findings"]
                    ]
                ),
            )
            for declaration in declarations
        ]

    @property
    def proposals(self) -> list[tuple[str, str, str]]:
        """The columns that can be repaired: name, repair, and the repair's description."""
        published = next(
            (version for version in reversed(self._versions) if version["state"] == "published"),
            None,
        )
        columns = published["profile"]["columns"] if published else []
        return [
            (column["name"], repair, named(repair, REPAIRS))
            for column in columns
            if column["meaning"] and (repair := column["meaning"]["repair"])
        ]


def recognised(column: Json) -> str:
    """Describe the recognised type of a column: `code commune, 97,1 % de valeurs valides`."""
    meaning = column["meaning"]
    if column.get("names") == "commune":
        return "noms de communes"
    if meaning is None:
        return named(column["kind"], TYPES)
    description = named(meaning["type"], TYPES)
    if meaning["year"]:
        description += f" (codes de {meaning['year']})"
    if meaning["unit"]:
        description += f" en {meaning['unit']}"
    if meaning["repair"] and not meaning["valid"]:
        # Such a column is read as codes only when it is mended: that says nothing of its values.
        description += f", {named(meaning['repair'], _TO_REPAIR)}"
    elif meaning["valid"] < 1:
        description += f", {share(meaning['valid'])} de valeurs valides"
    if others := others_told(Meaning.model_validate(meaning)):
        description += f" ; {others}"
    elif meaning["invalid"]:
        examples = map(quoted, meaning["invalid"][:_EXAMPLES])
        description += f" ; pas reconnu : {french_list(list(examples))}"
    return spaced(description)


def differences(version: Json) -> Iterator[str]:
    """Yield sentences on how a version differs from the one published before."""
    for accepted in version["accepted_repairs"]:
        what = named(accepted["repair"], REPAIRS)
        yield spaced(f"Réparé à votre demande : {quoted(accepted['column'])}, {what}.")
    changes = version["changes"]
    if changes is None:
        return
    rows, difference = changes["rows"], "autant de lignes"
    if rows:
        difference = f"{count(abs(rows), 'ligne')} de {'plus' if rows > 0 else 'moins'}"
    for name, what in _COLUMNS.items():
        if changes[name]:
            difference += f" ; colonnes {what} : {', '.join(changes[name])}"
    yield spaced(f"Depuis la version {changes['since']} : {difference}.")
