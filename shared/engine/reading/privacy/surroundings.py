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
        """Return the columns other than this one."""
        return Surroundings([other for other in self.samples if other is not sample])

    def have(self, header: str) -> bool:
        """Whether the name of a column matches."""
        return any(sample.is_named(header) for sample in self.samples)

    @cached_property
    def have_time(self) -> bool:
        """Whether a column says when something happened, not when a thing was bought or checked."""
        times = (
            sample
            for sample in self.samples
            if sample.column.kind == "date" or sample.is_named(_TIME)
        )
        return any(not time.is_named(_TIME_OF_THING) for time in times)

    @cached_property
    def have_place(self) -> bool:
        """Whether a column says where."""
        return any(
            sample.column.type in PLACE_TYPES or sample.is_named(f"{PLACE}|{_SPOT}")
            for sample in self.samples
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
        """Whether the columns have sizes as things do, and nothing of a person."""
        return self.have(_DIMENSION)

    @cached_property
    def are_roads(self) -> bool:
        """Whether the columns say how a road is built and driven on."""
        return sum(sample.is_named(_ROAD) for sample in self.samples) >= _MANY_ROAD_HEADERS

    @cached_property
    def are_stops(self) -> bool:
        """Whether they list the stops of buses or trains."""
        return self.have(_STOP)

    @cached_property
    def are_organisations(self) -> bool:
        """Whether a column has the numbers of companies, schools or associations."""
        return any(sample.column.type in ORGANISATIONS for sample in self.samples)

    def without_animals(self) -> "Surroundings":
        """Return the columns; in a list of animals, without those about the animals."""
        named = [sample for sample in self.samples if sample.is_named(_ANIMAL)]
        if len(named) < _MANY_ANIMAL_HEADERS:
            return self
        return Surroundings([sample for sample in self.samples if not sample.is_named(_OF_ANIMAL)])

    def are_homes(self, addresses: Sequence[ColumnSample]) -> bool:
        """Whether a row is a home at such an address, with a fact about who lives there.

        Not so public buildings, organisations, and sums of ten dwellings and more.
        """
        homes = [address for address in addresses if not address.is_named(_NO_HOME)]
        numbers = (sample for sample in self.samples if sample.is_named(_NUMBER))
        has_number = any(column.share(_FEW_DIGITS) >= _MOST for column in numbers)
        numbered = has_number or any(home.share(_NUMBERED) >= _MOST for home in homes)
        others = [sample for sample in self.samples if sample not in addresses]
        if (
            not (homes and numbered)
            or self.are_organisations
            or self._are_summed
            or self.have(_OF_THING)
        ):
            return False
        if any(
            sample.share(_BUILDINGS) >= _SOME and sample.share(_DWELLINGS) < _MOST
            for sample in others
        ):
            return False
        facts = any(sample.is_named(_HOUSEHOLD) for sample in others)
        return facts or any(
            sample.share(pattern) >= _MOST
            for sample in others
            for pattern in (_DWELLINGS, _TENANCY)
        )

    @property
    def _are_summed(self) -> bool:
        counts = [sample for sample in self.samples if sample.is_named(_SUMMED)]
        return any(_least(count) >= _FEWEST_SUMMED for count in counts)


def _least(sample: ColumnSample) -> float:
    """Return the smallest whole number of a column; nothing when it has none."""
    digits = sample.distinct.filter(pc.match_substring_regex(sample.distinct, r"^[0-9]{1,9}$"))
    return float(pc.min(pc.cast(digits, "int64")).as_py()) if len(digits) else 0.0
