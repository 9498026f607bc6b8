"""How many units have to be behind each figure that a policy lets be shown."""

from collections.abc import Sequence

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from shared.engine.contract.policy import ReleasePolicy
from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.release import ENTERPRISE_KEYS, ENTERPRISES, PERSONS, minimum_of
from shared.errors import Invalid


def check_units(dataset: Dataset, policy: ReleasePolicy) -> None:
    """Raise Invalid for a policy with fewer units behind a figure than a result may have."""
    profile = dataset.profile
    least = least_units(profile, dataset.metadata, policy.unit) if profile else PERSONS
    if policy.minimum_units < least:
        raise Invalid(
            f"il faut au moins {least} unités derrière chaque chiffre de ces données",
            "minimum_units",
        )


def least_units(profile: Profile, metadata: Metadata, unit: Sequence[str]) -> int:
    """How many units have to be behind each figure, at least, where those columns say whose it is.

    As the rules of release ask of any result: few are enough of enterprises alone.
    """
    (name,) = unit if len(unit) == 1 else ("",)
    column = next((column for column in profile.columns if column.name == name), None)
    is_enterprise = column is not None and column.type in ENTERPRISE_KEYS
    valid = column.meaning.valid if column and column.meaning else 1.0
    least = ENTERPRISES if is_enterprise and privacy_of(profile).verdict == "none" else PERSONS
    return max(least, minimum_of(metadata.minimum_units, valid) or 0)


def privacy_of(profile: Profile) -> Privacy:
    """What was found of persons; the most careful answer where nothing was looked for."""
    return profile.privacy or Privacy(verdict="quasi", subject="persons")
