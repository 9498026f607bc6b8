"""What is asked before anything runs: applications, and what a treatment would do."""

from typing import Any

from services.compute.jobs.proposals import check_treatment
from shared.applications import ApplicationView, list_applications
from shared.auth import Caller
from shared.events import Treatment
from shared.http import Call, http
from shared.messaging import rpc
from shared.messaging.client import ServiceProxy
from shared.treatments.remarks import TreatmentCheck


class Treating:
    """For those who make a treatment."""

    catalog: ServiceProxy

    @http("GET", "/applications", returns=tuple[ApplicationView, ...])
    def read_applications(self, _call: Call) -> tuple[ApplicationView, ...]:
        """The processing applications, with what they take, make and can be told."""
        return list_applications()

    @http("POST", "/treatments/check", body=Treatment, returns=TreatmentCheck)
    def check(self, call: Call) -> TreatmentCheck:
        """Whether a treatment can run, and what to think of; 422 naming the first field at fault.

        A crossing that multiplies rows of both tables is one, unless the treatment says that it is
        wanted. What could not be looked at, since the catalogue does not answer, is told.
        """
        return check_treatment(self.catalog, call.body, call.caller)

    @rpc
    def list_applications(self) -> tuple[ApplicationView, ...]:
        """The processing applications."""
        return list_applications()

    @rpc
    def check_treatment(self, treatment: dict[str, Any], member_id: str = "") -> TreatmentCheck:
        """Whether a treatment of a member can run, and what to think of.

        Invalid naming the first field at fault. Without a member, what everybody may know counts.
        """
        caller = Caller(member_id, frozenset())
        return check_treatment(self.catalog, Treatment.model_validate(treatment), caller)
