"""The arguments of an RPC method, checked by its signature before it runs."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from shared.errors import Invalid, invalid_of

_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


class Arguments:
    """What `method` takes after `self`: names, defaults, and types by its annotations."""

    def __init__(self, method: Callable[..., Any]) -> None:
        _, *parameters = inspect.signature(method, eval_str=True).parameters.values()
        self._names = [parameter.name for parameter in parameters]
        fields: dict[str, Any] = {
            one.name: (one.annotation, ... if one.default is one.empty else one.default)
            for one in parameters
        }
        self._model = create_model("Arguments", __config__=_CONFIG, **fields)

    def fit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Every argument by its name; Invalid naming the first that does not fit."""
        if len(args) > len(self._names):
            raise Invalid(f"cette méthode prend au plus {len(self._names)} arguments")
        given = dict(zip(self._names, args, strict=False))
        twice = sorted(given.keys() & kwargs.keys())
        if twice:
            raise Invalid("est donné deux fois", twice[0])
        try:
            found = self._model.model_validate({**given, **kwargs})
        except ValidationError as error:
            raise invalid_of(error) from error
        return {name: getattr(found, name) for name in self._names}
