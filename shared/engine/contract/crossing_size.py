"""How many rows a crossing makes, counted before it is made: what is too large is told in time."""

from pydantic import Field

from shared.events.event import Frozen
from shared.language.french import grouped

MOST_ROWS = 20_000_000
"""Rows of a crossing, unless the settings say otherwise."""

MOST_CELLS = 500_000_000
"""Cells of a crossing: 20 M rows of 21 columns took 90 s and 5.6 GB of disk on two cores."""

WAYS_OUT = (
    "choisissez une clé plus fine, agrégez l'une des tables avant de croiser, ou, si c'est voulu,"
    " écrivez many_to_many = « kept » dans cette étape"
)
"""What to do about a crossing that multiplies rows of both tables."""


class CrossingSize(Frozen):
    """Rows that go into a crossing of whole tables and come out: figures, no value of a table.

    `left_most` and `right_most` are how many rows of each side meet under the key that makes the
    most rows, which crosswalks may lead several keys to.
    """

    output: str = Field(max_length=63, description="what the steps call the crossed table")
    left: int = Field(ge=0)
    right: int = Field(ge=0)
    out: int = Field(ge=0)
    columns: int = Field(ge=0)
    left_most: int = Field(ge=0)
    right_most: int = Field(ge=0)
    limit: int = Field(ge=0, description="rows that a crossing may have")
    is_unchosen: bool = Field(
        default=False, description="rows of both tables are repeated, which the treatment refuses"
    )

    @property
    def is_too_large(self) -> bool:
        """Whether it has too many rows; a crossing that only adds columns is never too large."""
        return self.out > max(self._most_rows, self.left)

    @property
    def is_refused(self) -> bool:
        """Whether it is refused, for one reason or the other."""
        return self.is_too_large or self.is_unchosen

    @property
    def in_words(self) -> str:
        """State in French how many rows go in and come out."""
        left, right, out = map(grouped, (self.left, self.right, self.out))
        return f"{left} lignes croisées avec {right} en donnent {out}"

    @property
    def refusal(self) -> str:
        """State in French why a crossing is refused, and what to do."""
        if not self.is_too_large:
            return f"croisement « {self.output} » refusé : {self.repeated} ; {WAYS_OUT}"
        return (
            f"croisement « {self.output} » trop grand : {self.in_words}, de {self.columns}"
            f" colonnes, pour {grouped(self._most_rows)} permises ; une même clé se trouve sur"
            f" {grouped(self.left_most)} lignes de la table principale et"
            f" {grouped(self.right_most)} de l'autre : choisissez une clé plus fine, ou agrégez"
            " l'une des tables avant de croiser"
        )

    @property
    def repeated(self) -> str:
        """State in French how the rows of both tables are repeated."""
        why = (
            "une même clé se trouve sur plusieurs lignes de chaque table"
            if min(self.left_most, self.right_most) > 1
            else "des clés en rencontrent plusieurs, d'un côté comme de l'autre"
        )
        return (
            f"{self.in_words}, car {why} (jusqu'à"
            f" {grouped(self.left_most)} de la table principale et"
            f" {grouped(self.right_most)} de l'autre pour la clé qui en donne le plus)"
        )

    @property
    def _most_rows(self) -> int:
        return min(self.limit, MOST_CELLS // max(1, self.columns))


class CountedCrossings(Frozen):
    """The crossings of whole tables that a trial counted, which read `tables`: id -> sha256."""

    tables: dict[str, str] = {}
    sizes: tuple[CrossingSize, ...] = ()

    @property
    def refusal(self) -> str:
        """State in French why the whole treatment is refused; empty when it is not."""
        return next((size.refusal for size in self.sizes if size.is_refused), "")

    @property
    def warning(self) -> str:
        """State the same as a warning of a trial."""
        return f"Le calcul complet sera refusé : {self.refusal}." if self.refusal else ""

    def within(self, limit: int) -> "CountedCrossings":
        """Return the same sizes where a crossing may have `limit` rows."""
        sizes = (size.model_copy(update={"limit": limit}) for size in self.sizes)
        return CountedCrossings(tables=self.tables, sizes=tuple(sizes))
