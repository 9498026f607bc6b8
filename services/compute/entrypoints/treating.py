"""What is asked before anything runs: applications, and what a treatment would do."""

from functools import partial
from typing import Any

from services.compute.execution.checks.code_syntax import check_syntax
from services.compute.execution.checks.code_trials import CodeTrials
from services.compute.execution.checks.query_binding import check_queries
from services.compute.execution.scheduler import Scheduler
from services.compute.jobs.previews import Bind, check_treatment, preview_treatment
from services.compute.recipes import commands as recipes
from services.compute.recipes.commands import RecipePage, RecipeView, UseRecipe, WriteRecipe
from shared.auth import Caller
from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.analysis.preview import PlannedTreatment, TreatmentPreview
from shared.engine.analysis.remarks import Remark, TreatmentCheck
from shared.engine.applications import ApplicationView, describe_application, list_applications
from shared.engine.applications.python.application import check_installed
from shared.events import Treatment
from shared.http import Call, http
from shared.inbound import Identifier, Paging
from shared.messaging import rpc
from shared.messaging.client import ServiceProxy
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store


class Treating:
    """For those who make a treatment."""

    documents: Store
    catalog: ServiceProxy
    trial_catalog: ServiceProxy
    files: Storage
    settings: Settings
    scheduler: Scheduler

    @property
    def _bind(self) -> Bind:
        return partial(check_queries, self.scheduler.spares)

    def _checked(self, treatment: Treatment, caller: Caller) -> TreatmentCheck:
        check = check_treatment(self.catalog, treatment, caller, self._bind)
        untried = self._tried(treatment, caller.member_id)
        return check.model_copy(update={"unchecked": (*check.unchecked, *untried)})

    def _tried(self, treatment: Treatment, member_id: str) -> tuple[Remark, ...]:
        """Why own code was not tried; raises Invalid for code that is no Python, or fails."""
        check_syntax(treatment.steps)
        trials = CodeTrials(self.trial_catalog, self.files, self.scheduler.spares, self.settings)
        return trials.untried(treatment, member_id)

    def _made(self, name: str, request: UseRecipe, caller: Caller) -> Treatment:
        def describe(treatment: Treatment) -> KnownInputs:
            content = treatment.model_dump(mode="json")
            answer = self.catalog.describe_inputs(
                content, caller.member_id, is_staff=caller.is_staff
            )
            return KnownInputs.model_validate(answer)

        return recipes.use(self.documents, describe, name, request)

    @http("GET", "/applications", returns=tuple[ApplicationView, ...])
    def read_applications(self, _call: Call) -> tuple[ApplicationView, ...]:
        """The processing applications, with what they take, make and can be told."""
        return list_applications()

    @http("GET", "/applications/{name}", returns=ApplicationView)
    def read_application(self, _call: Call, name: str) -> ApplicationView:
        """One processing application; `unavailable` says why this lab cannot run it."""
        return describe_application(name)

    @http("POST", "/treatments/check", body=Treatment, returns=TreatmentCheck)
    def check(self, call: Call) -> TreatmentCheck:
        """Whether a treatment can run, and what to think of; 422 naming the first field at fault.

        A crossing that multiplies rows of both tables is one, unless the treatment says that it is
        wanted. What could not be looked at, since the catalogue does not answer, is told. Own code
        is tried for a few seconds on a sample of data that the caller reads without asking anybody;
        422 names the line at which it fails, and `unchecked` says why code was not tried.
        """
        return self._checked(call.body, call.caller)

    @http("POST", "/treatments/preview", body=PlannedTreatment, returns=TreatmentPreview)
    def preview(self, call: Call) -> TreatmentPreview:
        """What a treatment would make: keys, match rates, columns, licence, owners, checks, time.

        One without steps is told which keys its tables have. 422 names the first field at fault.
        """
        return preview_treatment(self.catalog, call.body, call.caller, self._bind)

    @http("POST", "/recipes", body=WriteRecipe, returns=RecipeView, status=201)
    def publish_recipe(self, call: Call) -> RecipeView:
        """Publish a recipe, or another version of one's own."""
        return RecipeView.of(recipes.publish(self.documents, call.caller, call.body))

    @http("GET", "/recipes", query=Paging, returns=RecipePage)
    def list_recipes(self, call: Call) -> RecipePage:
        """The recipes that are offered."""
        return recipes.list_recipes(self.documents, call.query)

    @http("GET", "/recipes/{name}", returns=RecipeView)
    def read_recipe(self, _call: Call, name: str) -> RecipeView:
        """A recipe: what it takes, what can be chosen, and its steps."""
        return recipes.read(self.documents, name)

    @http("POST", "/recipes/{name}/treatment", body=UseRecipe, returns=Treatment)
    def use_recipe(self, call: Call, name: str) -> Treatment:
        """The treatment that a recipe makes of these datasets and values.

        422 names the first choice at fault, such as `columns.input.column`.
        """
        return self._made(name, call.body, call.caller)

    @http("POST", "/recipes/{name}/retirement", returns=RecipeView)
    def retire_recipe(self, call: Call, name: str) -> RecipeView:
        """Offer one's recipe no longer; treatments made of it stay."""
        return RecipeView.of(recipes.retire(self.documents, call.caller, name))

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
        return self._checked(Treatment.model_validate(treatment), caller)

    @rpc
    def check_code(self, treatment: dict[str, Any], member_id: str = "") -> tuple[Remark, ...]:
        """Raise Invalid, naming the line, for own code that is no Python, or fails when tried.

        It is tried on data that the member reads without asking anybody, for a few seconds. What is
        answered says why code was not tried; without a member that is all but open data.
        """
        asked = Treatment.model_validate(treatment)
        check_installed(asked.steps)
        return self._tried(asked, member_id)

    @rpc
    def preview_treatment(self, treatment: dict[str, Any], member_id: str = "") -> TreatmentPreview:
        """What a member's treatment would make; without a member, as everybody may know it."""
        planned, caller = PlannedTreatment.model_validate(treatment), Caller(member_id, frozenset())
        return preview_treatment(self.catalog, planned, caller, self._bind)

    @rpc
    def get_recipe(self, name: Identifier) -> RecipeView:
        """A recipe: what it takes, what can be chosen, and its steps."""
        return recipes.read(self.documents, name)

    @rpc
    def make_treatment(
        self, name: Identifier, wanted: dict[str, Any], member_id: str = ""
    ) -> Treatment:
        """The treatment that a recipe makes of these datasets and values.

        Columns are looked at as that member may know them; without one, as everybody may.
        """
        caller = Caller(member_id, frozenset())
        return self._made(name, UseRecipe.model_validate(wanted), caller)
