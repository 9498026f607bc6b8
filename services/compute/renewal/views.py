"""What is asked and shown of delivered services."""

from typing import Literal, Self

from pydantic import Field, model_validator

from services.compute.renewal.model import DeliveredService, ServiceState
from shared.aggregate import OptionalDate, View, ViewPage
from shared.events.compute import RenewalMode
from shared.inbound import Body, Paging

ServiceAction = Literal["set_mode", "renew", "confirm", "retire"]


class SetMode(Body):
    """When a service is renewed: `every_days` by schedule, and only then."""

    mode: RenewalMode
    every_days: int = Field(default=0, ge=0, le=3660)

    @model_validator(mode="after")
    def _names_days_for_a_schedule(self) -> Self:
        if (self.mode == "on_schedule") != bool(self.every_days):
            raise ValueError(
                "le nombre de jours entre deux éditions se dit à date régulière, et seulement alors"
            )
        return self


class RetireService(Body):
    """Why a service ends."""

    reason: str = Field(min_length=1, max_length=5000, description="in French")


class ListServices(Paging):
    """Which of one's own delivered services."""

    waiting: bool = Field(default=False, description="those alone that wait for their holder")


class ServiceView(View):
    """A delivered service as its holder, its team and the lab's staff see it."""

    project_id: str = Field(validation_alias="id")
    state: ServiceState
    reason: str = Field(description="why it is stopped or retired, in French; or empty")
    title: str
    holder_id: str
    dataset_id: str = Field(description="its result in the catalogue; empty until it is there")
    mode: RenewalMode
    every_days: int
    job_id: str = Field(description="the job of the present edition")
    edition: int
    renewed_at: OptionalDate
    next_job: str = Field(description="the job that makes the next edition now; or empty")
    renew_at: OptionalDate = Field(description="when the next one is due; null for none")
    failure: str = Field(description="why the last renewal came to nothing, in French; or empty")
    review_at: OptionalDate = Field(description="when it has to be confirmed that it is of use")
    is_review_due: bool = Field(
        validation_alias="is_review_told", description="whether it ends at `review_at` otherwise"
    )
    may: tuple[ServiceAction, ...] = Field(default=(), description="what the caller may do")

    @classmethod
    def for_caller(cls, service: DeliveredService, *, is_holder: bool, is_staff: bool) -> Self:
        """Return the view of a service with what the caller may do."""
        may: list[ServiceAction] = []
        if service.lives and is_holder:
            may += ["set_mode", "confirm"]
            if service.state == "live" and not service.next_job:
                may.append("renew")
        if service.lives and (is_holder or is_staff):
            may.append("retire")
        return cls.of(service).model_copy(update={"may": tuple(may)})


class ServicePage(ViewPage[ServiceView]):
    """A page of delivered services."""
