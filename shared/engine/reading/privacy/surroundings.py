"""What stands beside a column: a time, a place, equipment, animals, or homes of persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow.compute as pc

from shared.engine.reading.columns.reference_files import any_word
from shared.engine.reading.privacy.column_sample import ColumnSample
from shared.engine.reading.values.value_tests import matching

PLACE = r"(^|_)(commune|ville|localite|code_?(postal|insee)|cp|departement|quartier)(_|$)"
PLACE_TYPES = frozenset(
    {"commune", "postcode", "iris", "geo_point", "wkt", "latitude", "longitude"}
)
ORGANISATIONS = frozenset({"siret", "siren", "rna", "uai", "tva"})

_TIME = r"(^|_)(heure|horodat\w*|timestamp|datetime|date|entree|sortie|passage)(_|$)"
_TIME_OF_THING = rf"{any_word('header_life_of_thing')}"
_SPOT = r"(^|_)(camera|parking|borne|portique|peage|carrefour|poste|lieu|rue|voie|adresse|station)"
_EQUIPMENT = rf"(^|_){any_word('header_equipment')}s?(_|$)"
_FLEET = rf"(^|_){any_word('header_fleet')}(_|$)"
_ANIMAL = rf"(^|_){any_word('header_animal')}s?(_|$)"
_OF_ANIMAL = r"^(nom|name|sexe|race|age)(_|$)|naiss|birth"
_DIMENSION = rf"(^|_){any_word('header_dimension')}(_|$)"

_ROAD = rf"(^|_){any_word('header_road')}(_|$)"
_STOP = rf"(^|_){any_word('header_stop')}(_|$)"

_DWELLINGS = matching(rf"(?i){any_word('dwellings')}")
_TENANCY = matching(rf"(?i){any_word('tenancy')}")
"""What befalls tenants, though no column says that there are any."""

_BUILDINGS = matching(rf"(?i){any_word('public_buildings')}(\W.*)?")
_NUMBERED = matching(r"(?i)[0-9]+ ?(bis|ter|quater|[a-d])?,? +\D.*")
_NUMBER = r"(^|_)(n|no|num|numero)(_(de_)?(la_)?(voie|rue))?$"
_FEW_DIGITS = matching(r"[0-9]{1,4} ?([a-zA-Z]|bis|ter)?")
_HOUSEHOLD = rf"(^|_){any_word('header_household')}"
_OF_THING = (
    r"^(nom_)?(d_|du_|de_l_)?(etab|ecole|lycee|college|enseigne|raison|denom|structure|organis"
    r"|batiment|equip|station|commerce|magasin|societe|entreprise|restaurant|hotel|monument|site"
    r"|lieu|pont|ouvrage)(s|lissement|ement|isme|isation|_sociale|ination)?$"
)
"""What columns are called that name what stands at an address, where that is no home."""

_NO_HOME = r"station|etab|site|equip|ecole|batiment|siege|parc|arret|gare|chantier|borne|mairie"
_SUMMED = (
    r"(^|_)(nb|nbre|nombre)_(de_|d_)?(logement|pdl|point|vente|mutation|menage|adresse)|^logements$"
)
_FEWEST_SUMMED = 10
"""Energy use is published of ten dwellings together and more: décret 2022-1161, for addresses."""

_MOST, _SOME = 0.5, 0.3
_MANY_ANIMAL_HEADERS = _MANY_ROAD_HEADERS = 2


@dataclass(frozen=True)
class Surroundings:
    """The columns of a table, all of them or those beside one."""

    samples: Sequence[ColumnSample]

    def beside(self, sample: ColumnSample) -> "Surroundings":
        """The other columns."""
        return Surroundings([one for one in self.samples if one is not sample])

    def have(self, header: str) -> bool:
        """Whether the name of one matches."""
        return any(one.is_named(header) for one in self.samples)

    @cached_property
    def have_time(self) -> bool:
        """Whether one says when something happened; not when a thing was bought or checked."""
        times = (one for one in self.samples if one.column.kind == "date" or one.is_named(_TIME))
        return any(not one.is_named(_TIME_OF_THING) for one in times)

    @cached_property
    def have_place(self) -> bool:
        """Whether one says where."""
        return any(
            one.column.type in PLACE_TYPES or one.is_named(f"{PLACE}|{_SPOT}")
            for one in self.samples
        )

    @cached_property
    def are_inventory(self) -> bool:
        """Whether they list equipment."""
        return self.have(_EQUIPMENT)

    @cached_property
    def are_fleet(self) -> bool:
        """Whether they list vehicles of an organisation."""
        return self.have(_FLEET)

    @cached_property
    def are_measured(self) -> bool:
        """Whether they have sizes that things have, and no person."""
        return self.have(_DIMENSION)

    @cached_property
    def are_roads(self) -> bool:
        """Whether they say how a road is built and driven on."""
        return sum(one.is_named(_ROAD) for one in self.samples) >= _MANY_ROAD_HEADERS

    @cached_property
    def are_stops(self) -> bool:
        """Whether they list the stops of buses or trains."""
        return self.have(_STOP)

    @cached_property
    def are_organisations(self) -> bool:
        """Whether they have the number of a company, school or association."""
        return any(one.column.type in ORGANISATIONS for one in self.samples)

    def without_animals(self) -> "Surroundings":
        """The columns, of a list of animals without those that are about these themselves."""
        named = [one for one in self.samples if one.is_named(_ANIMAL)]
        if len(named) < _MANY_ANIMAL_HEADERS:
            return self
        return Surroundings([one for one in self.samples if not one.is_named(_OF_ANIMAL)])

    def are_homes(self, addresses: Sequence[ColumnSample]) -> bool:
        """Whether a row is a home at one of these addresses, with a fact about who lives there.

        Not so public buildings, organisations, and sums of ten dwellings and more.
        """
        homes = [one for one in addresses if not one.is_named(_NO_HOME)]
        numbers = (one for one in self.samples if one.is_named(_NUMBER))
        has_number = any(one.share(_FEW_DIGITS) >= _MOST for one in numbers)
        numbered = has_number or any(one.share(_NUMBERED) >= _MOST for one in homes)
        others = [one for one in self.samples if one not in addresses]
        if (
            not (homes and numbered)
            or self.are_organisations
            or self._are_summed
            or self.have(_OF_THING)
        ):
            return False
        if any(one.share(_BUILDINGS) >= _SOME and one.share(_DWELLINGS) < _MOST for one in others):
            return False
        facts = any(one.is_named(_HOUSEHOLD) for one in others)
        return facts or any(
            one.share(told) >= _MOST for one in others for told in (_DWELLINGS, _TENANCY)
        )

    @property
    def _are_summed(self) -> bool:
        counts = [one for one in self.samples if one.is_named(_SUMMED)]
        return any(_least(one) >= _FEWEST_SUMMED for one in counts)


def _least(sample: ColumnSample) -> float:
    """The smallest whole number of a column; nothing when it has none."""
    digits = sample.distinct.filter(pc.match_substring_regex(sample.distinct, r"^[0-9]{1,9}$"))
    return float(pc.min(pc.cast(digits, "int64")).as_py()) if len(digits) else 0.0
