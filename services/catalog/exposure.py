"""What datasets tell about persons, before they are crossed and after."""

from collections.abc import Iterable

from services.catalog.model import Dataset
from shared.events import Frozen
from shared.manifest import Profile
from shared.privacy import Verdict

NOTICE = (
    "Le croisement peut désigner des personnes que ses données ne désignent pas une à une : le"
    " verdict du résultat est connu après l'essai."
)


class InputPrivacy(Frozen):
    """The verdict on one dataset; None when it was not screened, or its data is not in the lab."""

    dataset_id: str
    verdict: Verdict | None
    k: int | None
    is_safe: bool | None


def exposure_of(datasets: Iterable[Dataset]) -> tuple[InputPrivacy, ...]:
    """The verdict on the published version of each."""
    return tuple(
        _told(one.id, one.published.profile if one.published else None) for one in datasets
    )


def _told(dataset_id: str, profile: Profile | None) -> InputPrivacy:
    found = profile.privacy if profile else None
    return InputPrivacy(
        dataset_id=dataset_id,
        verdict=found.verdict if found else None,
        k=found.k if found else None,
        is_safe=found.is_safe if found else None,
    )
