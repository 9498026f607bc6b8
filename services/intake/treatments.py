"""A treatment as a holder writes it: bounded, wired from input to output, fit to be stored."""

import json
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from shared.events.event import Step, Treatment

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""What tables and roles are called: safe as file, SQL and document names."""

DatasetId = Annotated[str, StringConstraints(pattern=r"^dts_[0-9A-Za-z_-]{1,60}$")]

_PARAMETERS = 20_000
_LARGEST = 2**53
_DEPTH = 20


class WrittenStep(Step):
    """One step; compute knows the applications and checks their parameters."""

    model_config = ConfigDict(extra="forbid")

    application: Name
    inputs: dict[Name, Name] = Field(min_length=1, max_length=10)
    parameters: dict[str, Any] = {}
    output: Name

    @field_validator("parameters")
    @classmethod
    def _can_be_stored(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        _check_storable(parameters, _DEPTH)
        try:
            size = len(json.dumps(parameters, allow_nan=False, ensure_ascii=False).encode())
        except ValueError as error:
            raise ValueError("doit être du JSON") from error
        if size > _PARAMETERS:
            raise ValueError(f"ne doit pas dépasser {_PARAMETERS} octets de JSON")
        return parameters


class WrittenTreatment(Treatment):
    """Named datasets, then one to ten applications; each step reads what is there before it."""

    model_config = ConfigDict(extra="forbid")

    inputs: dict[Name, DatasetId] = Field(min_length=1, max_length=20)
    steps: tuple[WrittenStep, ...] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _is_wired(self) -> Self:
        tables = set(self.inputs)
        for number, step in enumerate(self.steps):
            for role, table in step.inputs.items():
                if table not in tables:
                    raise ValueError(
                        f"steps.{number}.inputs.{role} : aucune table ne s'appelle « {table} »"
                        " avant cette étape"
                    )
            if step.output in tables:
                raise ValueError(f"steps.{number}.output : la table « {step.output} » existe déjà")
            tables.add(step.output)
        return self


def read_by(treatment: Treatment) -> tuple[str, ...]:
    """The ids of the datasets that a treatment reads, each once."""
    return tuple(sorted(set(treatment.inputs.values())))


def _check_storable(value: object, depth: int) -> None:
    """Documents keep numbers of 64 bits, nest so deep, and read `$`, `.` and NUL in keys."""
    if depth == 0:
        raise ValueError(f"a plus de {_DEPTH} niveaux")
    if isinstance(value, dict):
        for key, part in value.items():
            if not key or key.startswith("$") or "." in key or "\0" in key:
                raise ValueError(
                    f"la clé {key!r} est vide, commence par $ ou contient un point ou NUL"
                )
            _check_storable(part, depth - 1)
    elif isinstance(value, list):
        for part in value:
            _check_storable(part, depth - 1)
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError("contient un nombre trop grand")
