"""What can be asked of compute: each application's roles and typed parameters.

Each has a folder: `application.py` is light, and services import it; `run.py`, `draw.py` and
`groups.py` do its work, and only the sandbox imports them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from shared.engine.applications.aggregate.application import AGGREGATE
from shared.engine.applications.application import NOT_DECLARED, Application, Role, Traits
from shared.engine.applications.chart.application import CHART
from shared.engine.applications.clean.application import CLEAN
from shared.engine.applications.cross.application import CHOICE, CROSS
from shared.engine.applications.effect import Columns, Effect
from shared.engine.applications.filter.application import FILTER
from shared.engine.applications.geo.application import GEO
from shared.engine.applications.map.application import MAP
from shared.engine.applications.parameters import Parameters
from shared.engine.applications.pivot.application import PIVOT
from shared.engine.applications.pseudonymise.application import PSEUDONYMISE
from shared.engine.applications.python.application import PYTHON, not_installed
from shared.engine.applications.query.application import QUERY
from shared.engine.applications.report.application import REPORT
from shared.errors import Invalid, NotFound, invalid_of
from shared.events.event import Frozen, Step, Treatment

INGEST = Application(
    name="ingest",
    title="Lire un fichier",
    description=(
        "Lit un fichier comme une table, sans rien changer à ses valeurs : texte délimité (CSV,"
        " TSV), classeur (XLSX, XLS, ODS), JSON, GeoJSON, Shapefile (en ZIP), GeoPackage, KML,"
        " GPX, Parquet ou GeoParquet, compressé ou non. Les codes gardent leurs zéros, et"
        " chaque réparation est nommée, comme ce qu'une carte perd à devenir une table."
        " Décrit les colonnes et reconnaît les codes de commune, SIREN, EPCI et codes"
        " postaux par leurs valeurs."
    ),
    roles=(Role(name="file", title="Le fichier déposé"),),
    parameters=Parameters,
    effect=lambda _parameters, _tables: Effect({}, is_open=True),
    automatic=True,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=False,
        sums=False,
        reads_files=False,
        needs_key=False,
        picks_rows=False,
        is_repeatable=lambda _parameters: True,
        splits=lambda _parameters: False,
    ),
)
"""Takes in a file that somebody uploaded, as one table."""

APPLICATIONS: dict[str, Application] = {
    application.name: application
    for application in (
        INGEST,
        CLEAN,
        FILTER,
        CROSS,
        AGGREGATE,
        PIVOT,
        GEO,
        PSEUDONYMISE,
        QUERY,
        PYTHON,
        CHART,
        MAP,
        REPORT,
    )
}

WrittenT = TypeVar("WrittenT", bound=Treatment)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class ApplicationView(Frozen):
    """An application as people and programs see it; `parameters` is a JSON Schema."""

    name: str
    title: str
    description: str
    automatic: bool
    roles: tuple[Role, ...]
    parameters: Annotated[
        dict[str, Any], BeforeValidator(lambda parameters: parameters.model_json_schema())
    ]
    unavailable: str = Field(
        default="", description="why this lab cannot run it, in French; empty where it can"
    )


@cache
def list_applications() -> tuple[ApplicationView, ...]:
    """Return every application with the JSON Schema of its parameters, as this machine runs it."""
    # In this module `map` and `filter` are applications' folders.
    return tuple(_view_of(application) for application in APPLICATIONS.values())


def traits_of(step: Step) -> Traits:
    """Return the traits of a step's application; of an unknown one, the most careful answers."""
    application = APPLICATIONS.get(step.application)
    return application.traits if application else NOT_DECLARED


def _view_of(application: Application) -> ApplicationView:
    view = ApplicationView.model_validate(application, from_attributes=True)
    lacking = not_installed() if application is PYTHON else ""
    return view.model_copy(update={"unavailable": lacking})


def describe_application(name: str) -> ApplicationView:
    """Return the application of that name; raise NotFound where there is none."""
    if name not in APPLICATIONS:
        raise NotFound.of(name)
    return _view_of(APPLICATIONS[name])


def check_steps(inputs: Iterable[str], steps: Sequence[Step]) -> None:
    """Check that `steps` can run on tables of these names.

    Raises Invalid, in French, naming the field of the first fault: an application or table that
    does not exist, a role that is missing or unknown, a parameter that is wrong.
    """
    tables = set(inputs)
    for name in tables:
        _check_name(name, f"inputs.{name}")
    for number, step in enumerate(steps):
        at = f"steps.{number}"
        application = APPLICATIONS.get(step.application)
        if application is None or application.automatic:
            raise Invalid(f"aucune application ne s'appelle « {step.application} »", at)
        _check_roles(application, step, tables, at)
        parse_parameters(application, step, at)
        _check_effect(step, at)
        _check_name(step.output, f"{at}.output")
        if step.output in tables:
            raise Invalid(f"la table « {step.output} » existe déjà", f"{at}.output")
        tables.add(step.output)


def with_choices(treatment: WrittenT) -> WrittenT:
    """Return the treatment with what it does not choose written out, as a new one is understood.

    One that was stored before there was a choice is understood as it was then: this is for those
    that are sent now.
    """
    steps = tuple(_chosen(step) for step in treatment.steps)
    return treatment.model_copy(update={"steps": steps})


def _chosen(step: Step) -> Step:
    if not traits_of(step).joins or step.parameters.get(CHOICE) is not None:
        return step
    return step.model_copy(update={"parameters": {**step.parameters, CHOICE: "refused"}})


def parse_parameters(application: Application, step: Step, at: str) -> Parameters:
    """Return a step's parameters in its application's type; raise Invalid naming the wrong one."""
    try:
        return application.parameters.model_validate(step.parameters)
    except ValidationError as error:
        wrong = invalid_of(error)
        field = f"{at}.parameters.{wrong.field}".removesuffix(".")
        raise Invalid(wrong.args[0], field) from error


def effect_of(step: Step, at: str, tables: Mapping[str, Columns]) -> Effect:
    """Return what the step makes of tables with these columns, by role; `at` is where it stands.

    Raises Invalid naming the parameter that is wrong.
    """
    application = APPLICATIONS[step.application]
    parameters = parse_parameters(application, step, at)
    try:
        return application.effect(parameters, tables)
    except Invalid as error:
        raise Invalid(error.args[0], f"{at}.parameters.{error.field}") from error


def _check_effect(step: Step, at: str) -> None:
    """Refuse a step that is wrong whatever columns its tables have."""
    effect = effect_of(step, at, dict.fromkeys(step.inputs))
    for fault in effect.faults:
        raise Invalid(fault.message, f"{at}.parameters.{fault.field}")


def _check_name(name: str, at: str) -> None:
    """Refuse a table's name that is no plain word: it becomes a file's name and an SQL name."""
    if not _NAME.fullmatch(name):
        raise Invalid("un nom de table est fait de lettres minuscules, chiffres et _", at)


def _check_roles(application: Application, step: Step, tables: set[str], at: str) -> None:
    names = {role.name for role in application.roles}
    needed = {role.name for role in application.roles if role.required}
    for role in sorted(needed - step.inputs.keys()):
        raise Invalid("ce rôle doit être pourvu", f"{at}.inputs.{role}")
    if not step.inputs:
        raise Invalid("cette étape ne lit aucune table", f"{at}.inputs")
    for role, table in step.inputs.items():
        if application.open_roles:
            _check_name(role, f"{at}.inputs.{role}")
        elif role not in names:
            raise Invalid("l'application n'a pas ce rôle", f"{at}.inputs.{role}")
        if table not in tables:
            raise Invalid(f"aucune table ne s'appelle « {table} »", f"{at}.inputs.{role}")
