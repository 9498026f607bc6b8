"""What each service answers when a member's data is to be erased."""

from pydantic import Field

from shared.events.event import Event, Frozen


class ErasedCount(Frozen):
    """How many things of a kind were erased, or what was personal in them."""

    kind: str = Field(description="in French, in the plural")
    count: int = Field(ge=0)


class _Erased(Event):
    erasure_id: str
    member_id: str
    counts: tuple[ErasedCount, ...] = Field(description="what was erased")
    kept: tuple[str, ...] = Field(description="what is kept and why, in French sentences")


class CatalogErased(_Erased, source="catalog"):
    """The catalogue erased what it held of a member."""

    summary = "Le catalogue a effacé les données du membre {member_id}."
    dataset_ids: tuple[str, ...] = Field(
        default=(), description="the member's: what others were told of them is erased, too"
    )


class ComputeErased(_Erased, source="compute"):
    """Compute erased what it held of a member."""

    summary = "Le calcul a effacé les données du membre {member_id}."


class NotifyErased(_Erased, source="notify"):
    """Notify erased what it held of a member."""

    summary = "Le fil des événements a effacé les données du membre {member_id}."


ErasureAnswer = CatalogErased | ComputeErased | NotifyErased
"""How the services beside intake, which asks, answer."""
