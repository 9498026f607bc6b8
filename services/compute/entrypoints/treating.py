"""What is asked before anything runs: applications, and what a treatment would do."""

from functools import partial
from typing import Any

from services.compute.execution.checks.code_trials import CodeTrials
from services.compute.execution.checks.step_checks import check_queries, check_syntax
from services.compute.execution.scheduler import Scheduler
from services.compute.jobs.planning.previews import Bind, check_treatment, preview_treatment
from services.compute.recipes import commands as recipes
from services.compute.recipes.commands import RecipePage, RecipeView, UseRecipe, WriteRecipe
from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.analysis.preview import PlannedTreatment, TreatmentPreview
from shared.engine.analysis.remarks import Remark, TreatmentCheck
from shared.engine.applications import ApplicationView, describe_application, list_applications
from shared.engine.applications.python.application import check_installed
from shared.events import Treatment
from shared.http import ANY_MEMBER, Call, WholeBody, as_rpc, http
from shared.inbound import Paging
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

    def _tried(self, treatment: Treatment, member_id: str) -> tuple[Remark, ...]:
        """Why own code was not tried; raises Invalid for code that is no Python, or fails."""
        check_syntax(treatment.steps)
        trials = CodeTrials(self.trial_catalog, self.files, self.scheduler.spares, self.settings)
        return trials.untried(treatment, member_id)

    @as_rpc()
    @http("GET", "/applications", returns=tuple[ApplicationView, ...])
    def list_applications(self, _call: Call) -> tuple[ApplicationView, ...]:
        """The processing applications, with what they take, make and can be told."""
        return list_applications()

    @http("GET", "/applications/{name}", returns=ApplicationView)
    def read_application(self, _call: Call, name: str) -> ApplicationView:
        """One processing application; `unavailable` says why this lab cannot run it."""
        return describe_application(name)

    @as_rpc(WholeBody("treatment"), ANY_MEMBER)
    @http("POST", "/treatments/check", body=Treatment, returns=TreatmentCheck)
    def check_treatment(self, call: Call) -> TreatmentCheck:
        """Whether a treatment can run, and what to think of; 422 naming the first field at fault.

        A crossing that multiplies rows of both tables is one, unless the treatment says that it is
        wanted. What could not be looked at, since the catalogue does not answer, is told. Own code
        is tried for a few seconds on a sample of data that the caller reads without asking anybody;
        422 names the line at which it fails, and `unchecked` says why code was not tried.
        """
        check = check_treatment(self.catalog, call.body, call.caller, self._bind)
        untried = self._tried(call.body, call.caller.member_id)
        return check.model_copy(update={"unchecked": (*check.unchecked, *untried)})

    @as_rpc(WholeBody("treatment"), ANY_MEMBER)
    @http("POST", "/treatments/preview", body=PlannedTreatment, returns=TreatmentPreview)
    def preview_treatment(self, call: Call) -> TreatmentPreview:
        """What a treatment would make: keys, match rates, columns, licence, owners, checks, time.

        One without steps is told which keys its tables have. 422 names the first field at fault.
        """
        return preview_treatment(self.catalog, call.body, call.caller, self._bind, self.settings)

    @http("POST", "/recipes", body=WriteRecipe, returns=RecipeView, status=201)
    def publish_recipe(self, call: Call) -> RecipeView:
        """Publish a recipe, or another version of one's own."""
        return RecipeView.of(recipes.publish(self.documents, call.caller, call.body))

    @http("GET", "/recipes", query=Paging, returns=RecipePage)
    def list_recipes(self, call: Call) -> RecipePage:
        """The recipes that are offered."""
        return recipes.list_recipes(self.documents, call.query)

    @as_rpc("name")
    @http("GET", "/recipes/{name}", returns=RecipeView)
    def get_recipe(self, _call: Call, name: str) -> RecipeView:
        """A recipe: what it takes, what can be chosen, and its steps."""
        return recipes.read(self.documents, name)

    @as_rpc("name", WholeBody("wanted"), ANY_MEMBER)
    @http("POST", "/recipes/{name}/treatment", body=UseRecipe, returns=Treatment)
    def make_treatment(self, call: Call, name: str) -> Treatment:
        """The treatment that a recipe makes of these datasets and values.

        422 names the first choice at fault, such as `columns.input.column`.
        """
        member_id, is_staff = call.caller.member_id, call.caller.is_staff

        def describe(treatment: Treatment) -> KnownInputs:
            content = treatment.model_dump(mode="json")
            answer = self.catalog.describe_inputs(content, member_id, is_staff=is_staff)
            return KnownInputs.model_validate(answer)

        return recipes.use(self.documents, describe, name, call.body)

    @http("POST", "/recipes/{name}/retirement", returns=RecipeView)
    def retire_recipe(self, call: Call, name: str) -> RecipeView:
        """Offer one's recipe no longer; treatments made of it stay."""
        return RecipeView.of(recipes.retire(self.documents, call.caller, name))

    @rpc
    def check_code(self, treatment: dict[str, Any], member_id: str = "") -> tuple[Remark, ...]:
        """Raise Invalid, naming the line, for own code that is no Python, or fails when tried.

        It is tried on data that the member reads without asking anybody, for a few seconds. What is
        answered says why code was not tried; without a member that is all but open data.
        """
        asked = Treatment.model_validate(treatment)
        check_installed(asked.steps)
        return self._tried(asked, member_id)
