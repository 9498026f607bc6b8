"""A service that no container can be built around."""

from typing import Any, NoReturn

from nameko.extensions import DependencyProvider


class Missing(DependencyProvider):
    """A dependency that is not there."""

    def bind(self, *_: Any) -> NoReturn:
        """Fail before anything is started."""
        raise RuntimeError("the dependency is missing")


class Unbuildable:
    """Needs it."""

    name = "unbuildable"
    missing = Missing()
