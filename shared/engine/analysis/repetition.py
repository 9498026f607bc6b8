"""What keys tell of a crossing before it runs: how often it repeats rows, and what it may miss."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from shared.engine.analysis.known_tables import KnownColumn, KnownCrossing
from shared.engine.applications.cross.application import How
from shared.engine.applications.effect import FIGURES
from shared.engine.contract.crossing_size import WAYS_OUT
from shared.engine.tables.crosswalks import CROSSWALKS, space_behind
from shared.engine.tables.key_file import COARSE, KEY_SPACES
from shared.engine.tables.multiplicity import ONCE, SEVERAL, UNKNOWN, Multiplicity, Relation
from shared.engine.tables.type_names import key_in_french
from shared.language.folding import fold
from shared.language.french import grouped, quoted

_WRITTEN_IN_WAYS = ("date", "decimal")
"""Kinds of values of which several spellings that a profile counts apart are one."""


class Side(NamedTuple):
    """A table of a crossing, its key, what is known of that, and how often its rows stand."""

    table: str
    key: str
    profile: KnownColumn | None
    multiplicity: Multiplicity
    via: str | None

    @property
    def rows_of_a_key(self) -> Multiplicity:
        """Return how many rows have a key that the crosswalk leads to, at most."""
        rows_of_a_value = self.profile.rows_of_a_value if self.profile else None
        if rows_of_a_value is None:
            return UNKNOWN
        most = Multiplicity(rows_of_a_value) * self.multiplicity
        if self.via is None or not most.is_known:
            return most
        crosswalk = CROSSWALKS[self.via]
        # Codes of one kind and another year are led to each other nearly one by one.
        is_fine = crosswalk.source == crosswalk.target or not crosswalk.cost.merges
        return most if is_fine else SEVERAL

    @property
    def keys_of_a_row(self) -> Multiplicity:
        """Return how many keys a row has: a crosswalk may lead one to several."""
        crosswalk = CROSSWALKS[self.via] if self.via else None
        if crosswalk is None or crosswalk.source == crosswalk.target:
            return ONCE
        return SEVERAL if crosswalk.cost.multiplies else ONCE

    @property
    def has_one_row_of_a_key(self) -> bool:
        """Return whether each key is certainly on one row only, with or without total rows."""
        profile = self.profile
        if profile is None or profile.kind in _WRITTEN_IN_WAYS or self.multiplicity != ONCE:
            return False
        is_merged = self.via is not None and CROSSWALKS[self.via].cost.merges
        return profile.rows_of_a_value == 1 and not is_merged

    @property
    def has_one_key_of_a_row(self) -> bool:
        """Return whether each of its rows has certainly one key at most."""
        return not (self.via and CROSSWALKS[self.via].cost.multiplies)

    @property
    def kind(self) -> str:
        """Return the kind of its key; nothing where it is not known."""
        return (self.profile.key if self.profile else None) or ""

    @property
    def space(self) -> str:
        """Return the space of codes that its keys are compared with; empty where unknown."""
        return space_behind(self.via, KEY_SPACES.get(self.kind, self.kind))

    @property
    def codes(self) -> str:
        """Return the kind of codes that it meets, coarse ones too; empty where it is not known."""
        coarse = self.profile.type if self.profile and not self.profile.has_lost_zeros else ""
        return self.space or (coarse if coarse in COARSE else "")


class Keys(NamedTuple):
    """The two sides of a crossing, and what was counted of it, if anything was.

    `is_partial` where more rows may meet than were counted: those of totals that it keeps, or codes
    that are followed to their successors.
    """

    left: Side
    right: Side
    left_rows: int | None
    right_rows: int | None
    counted: KnownCrossing | None
    how: How
    is_partial: bool = False

    @property
    def is_exact(self) -> bool:
        """Return whether the rows of the most frequent key were counted, not only all values."""
        counted = self.counted
        return (
            counted is not None
            and not counted.is_cut
            and bool(counted.left_most and counted.right_most)
        )

    @property
    def relation(self) -> Relation:
        """Return how often a row of either table may stand in the result."""
        left = self.right.rows_of_a_key * self.left.keys_of_a_row
        right = self.left.rows_of_a_key * self.right.keys_of_a_row
        if counted := self.counted:
            exact = counted.relation if self.is_exact else Relation(left, right)
            # The profiles' bounds are finer than "several", unless they bound nothing.
            left, right = (
                ONCE if not repeats else times if times.repeats else SEVERAL
                for repeats, times in zip(counted.multiplies, exact, strict=True)
            )
        return Relation(ONCE if self.how == "anti" else left, right)

    @property
    def rows_out(self) -> int | None:
        """Return how many rows the result has, if that is counted."""
        counted = self.counted
        if (
            self.how == "left"
            and self.left.has_one_key_of_a_row
            and self.right.has_one_row_of_a_key
        ):
            return self.left_rows
        if counted is None or counted.is_cut or self.is_partial:
            return None
        parts = [0 if self.how == "anti" else counted.joined]
        if self.how in ("left", "full", "anti"):
            parts.append(_alone(self.left_rows, counted.left))
        if self.how in ("right", "full"):
            parts.append(_alone(self.right_rows, counted.right))
        return None if None in parts else sum(filter(None, parts))

    @property
    def estimate(self) -> int | None:
        """Return how many rows the result would have if each key were as frequent as any other.

        The usual estimate of an equi-join (Selinger et al. 1979): the product of the rows by the
        larger number of distinct keys.
        """
        profiles = (self.left.profile, self.right.profile)
        distinct = max((profile.distinct or 0 for profile in profiles if profile), default=0)
        filled = [profile.filled for profile in profiles if profile and profile.filled is not None]
        is_plain = (
            not (self.left.via or self.right.via)
            and self.left.multiplicity == self.right.multiplicity == ONCE
        )
        if not distinct or len(filled) < len(profiles) or not is_plain:
            return None
        return filled[0] * filled[1] // distinct


def _alone(rows: int | None, met: int | None) -> int | None:
    return None if rows is None or met is None else rows - met


def repeated_told(
    column: str,
    source: str,
    multiplicity: Multiplicity,
    crossed: str,
    how: str,
    *,
    is_bound: bool = False,
) -> str:
    """State that a figure counts rows several times, as a crossing repeats them; else empty.

    `is_bound` when no row need stand so often, since nobody counted the rows of each key.
    """
    if not multiplicity.repeats:
        return ""
    times = multiplicity.at_most
    often = f"jusqu'à {grouped(times)} fois" if times else "plusieurs fois"
    bound = (
        " (borne tirée du nombre de valeurs distinctes ; le nombre vrai peut être bien plus petit)"
        if is_bound and times
        else ""
    )
    return (
        f"{quoted(column)} vient de {quoted(source)}, dont une même ligne peut se trouver {often}"
        f" dans {quoted(crossed)}{bound} : {how} compterait sa valeur autant de fois ;"
        " agrégez d'abord l'autre table par la clé du croisement"
    )


_RATE = re.compile(r"(^|[ _.-])(taux|tx|pourcentages?|pourcent|pct|ratio|part)([ _.-]|$)")
RATE_UNITS = ("%", "‰")
"""Units of numbers whose sum has no meaning."""


def rate_told(column: KnownColumn) -> str:
    """State that a sum of rates is no rate; empty for a column that has no rates."""
    is_named = column.kind in ("", "decimal") and _RATE.search(fold(column.name))
    if column.unit not in RATE_UNITS and not is_named:
        return ""
    unit = f" (en {column.unit})" if column.unit else ""
    return (
        f"{quoted(column.name)} contient des taux{unit} : leur somme n'est pas un taux ; divisez la"
        " somme du numérateur par celle du dénominateur (ratio), ou prenez la moyenne en sachant"
        " qu'elle ne pondère pas les lignes"
    )


def grain_told(ratio: str, parts: Iterable[tuple[str, str]], *, is_mixed: bool) -> str:
    """State that a ratio divides figures of different rows; empty if they are of the same.

    `parts` are how each is made and of which column; `is_mixed` when a crossing repeats one only.
    """
    named = list(parts)
    hows = {how for how, _ in named}
    if is_mixed:
        why = "un croisement répète les lignes de l'une et pas celles de l'autre"
    elif "mean" in hows and len(hows) > 1:
        why = "l'une est une moyenne, l'autre non"
    else:
        return ""
    divided = " par ".join(f"{FIGURES[how]} {quoted(column)}" for how, column in named)
    return f"le taux {quoted(ratio)} divise {divided}, qui n'ont pas le même grain : {why}"


def keys_told(left: Side, right: Side) -> str:
    """State that the two keys are of different kinds, and which crosswalk connects them."""
    for side, name in ((left, "left_via"), (right, "right_via")):
        if side.via and side.kind and CROSSWALKS[side.via].source != side.kind:
            source = CROSSWALKS[side.via].source
            return f"{name} part de « {source} », et {quoted(side.key)} contient « {side.kind} »"
    if not left.space or not right.space or left.space == right.space:
        return ""
    message = (
        f"{quoted(left.key)} et {quoted(right.key)} ne sont pas de même nature"
        f" (« {left.space} » et « {right.space} ») : peu de clés se rencontreront"
    )
    ways = (("left_via", left, right), ("right_via", right, left))
    crosswalks = [
        f"{name} = « {crosswalk.name} »"
        for name, here, there in ways
        for crosswalk in CROSSWALKS.values()
        if not here.via and crosswalk.source == here.kind and crosswalk.space == there.space
    ]
    return (
        f"{message} ; {' ou '.join(crosswalks)} mène de l'une à l'autre" if crosswalks else message
    )


def codes_told(side: Side, other: Side) -> str:
    """State why a key that is named like codes will meet few of them; else empty."""
    profile, key = side.profile, quoted(side.key)
    if profile is None or side.kind or not (side.via or other.codes):
        return ""
    if profile.has_lost_zeros:
        return (
            f"les codes de {key} ont perdu leur zéro de tête : ils ne rencontreront pas ceux qui"
            " l'ont ; leur propriétaire peut le leur rendre, ou une étape « Nettoyer une table »"
        )
    if not profile.misnamed:
        return ""
    return (
        f"le nom de {key} annonce {key_in_french(profile.misnamed)}, mais ses valeurs n'en sont pas"
        " : peu de clés se rencontreront"
    )


def crossing_told(keys: Keys, *, is_kept: bool) -> str:
    """State what happens when a crossing repeats rows of both tables."""
    left, right = keys.left, keys.right
    why = (
        f"des valeurs de {quoted(left.key)} et de {quoted(right.key)} se trouvent sur plusieurs"
        " lignes de chaque table, et chacune se croise avec chaque autre"
    )
    if is_kept:
        return f"{_rows_told(keys)} : {why}, comme demandé"
    chosen = f"{_rows_told(keys)} : {why} ; {WAYS_OUT}"
    if keys.counted:
        return chosen
    return (
        f"{chosen}. L'essai donnera les chiffres exacts ; sans ce choix, si des lignes se"
        " multiplient, le calcul complet sera refusé"
    )


def _rows_told(keys: Keys) -> str:
    counted = keys.counted
    before = f"{grouped(keys.left_rows)} lignes" if keys.left_rows is not None else "les lignes"
    if counted is None:
        out = keys.estimate
        about = f" ({before} en donneraient environ {grouped(out)})" if out else ""
        return f"ce croisement pourrait multiplier les lignes{about}"
    out = keys.rows_out
    if out is None and counted.joined is not None and counted.joined > (keys.left_rows or 0):
        return f"{before} deviendraient au moins {grouped(counted.joined)}"
    if out is None or out == keys.left_rows:
        return "ce croisement répète des lignes des deux tables"
    return f"{before} deviendraient {grouped(out)}"
