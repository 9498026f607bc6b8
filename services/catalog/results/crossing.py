"""What is known of a crossing before it runs: its licences, and what its data tells of persons."""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, Field

from services.catalog import metrics
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from services.catalog.licences.compatibility import Compatibility, compatibility_of
from services.catalog.licences.licences import LicensedInput
from shared.auth import Caller
from shared.events.event import Frozen, Verdict
from shared.inbound import Body, Identifier
from shared.store import Store

_NOTICE = (
    "Le croisement peut désigner des personnes que ses données ne désignent pas une à une : le"
    " verdict du résultat est connu après l'essai."
)


class InputPrivacy(Frozen):
    """The verdict on one dataset; None when it was not screened, or its data is not in the lab."""

    dataset_id: str
    verdict: Verdict | None
    k: int | None
    is_safe: bool | None
    said: str = Field(
        default="", description="what was found, and its owner declares of that, in French"
    )


def _exposure_of(datasets: Iterable[Dataset]) -> Iterator[InputPrivacy]:
    """The verdict on the published version of each dataset."""
    for dataset in datasets:
        version = dataset.published
        privacy = version.screened_privacy if version else None
        yield InputPrivacy(
            dataset_id=dataset.id,
            verdict=privacy.verdict if privacy else None,
            k=privacy.k if privacy else None,
            is_safe=privacy.is_safe if privacy else None,
            said=version.about_persons if version else "",
        )


class CrossingQuery(Body):
    """The datasets that are to be crossed."""

    dataset_id: tuple[Identifier, ...] = Field(min_length=1, max_length=50)


class CrossingView(BaseModel):
    """What is known of a crossing before it runs."""

    dataset_ids: tuple[str, ...]
    licence: Compatibility
    privacy: tuple[InputPrivacy, ...] = Field(
        description="what each dataset tells about persons, in their order"
    )
    privacy_notice: str = Field(description="what that says of the result, in French")


def judge_crossing(store: Store, query: CrossingQuery, caller: Caller) -> CrossingView:
    """What is known of crossing these datasets; NotFound for one that `caller` may not know of."""
    datasets = [visible(store, identifier, caller) for identifier in query.dataset_id]
    licence = compatibility_of(
        source for dataset in datasets for source in known_sources(dataset, caller)
    )
    metrics.crossings_judged.labels("catalog", "conflict" if licence.conflict else "clear").inc()
    return CrossingView(
        dataset_ids=query.dataset_id,
        licence=licence,
        privacy=tuple(_exposure_of(datasets)),
        privacy_notice=_NOTICE,
    )


def known_sources(dataset: Dataset, caller: Caller) -> tuple[LicensedInput, ...]:
    """The sources that a crossing names; only insiders know those of a restricted result."""
    is_known = dataset.may_be_downloaded_by(caller) or caller.may_see(*dataset.insiders)
    return dataset.sources() if is_known else (dataset.as_source(),)
