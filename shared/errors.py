"""Every error the lab raises on purpose; the class docstring is the default message."""

from typing import ClassVar, Self

from pydantic import ValidationError

from shared.validation_messages import in_french


class LabError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Rejected(LabError):
    """The request can never succeed as it is."""

    status = 400


class Invalid(Rejected):
    """A value is wrong; `field` names it."""

    status = 422

    def __init__(self, message: str = "", field: str = "") -> None:
        super().__init__(message)
        self.args = (self.args[0], field)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.args[0]}" if self.field else str(self.args[0])


class Unauthenticated(Rejected):
    """A valid bearer token is needed."""

    status = 401


class Forbidden(Rejected):
    """This token's role does not allow that."""

    status = 403


class NotFound(Rejected):
    """Nothing has this identifier."""

    status = 404

    @classmethod
    def of(cls, identifier: str) -> Self:
        """The error that says so of `identifier`, alike whether it is unknown or not to be seen."""
        return cls(f"rien n'a ici l'identifiant {identifier}")


class WrongStage(Rejected):
    """The present state does not allow that."""

    status = 409


class TooLarge(Invalid):
    """The body is larger than this service accepts."""

    status = 413

    @classmethod
    def beyond(cls, limit: int, what: str, field: str = "") -> Self:
        """The error that says which `limit` in bytes `what` is beyond."""
        return cls(f"{what} dépasse {_in_words(limit)}", field)


def _in_words(size: int) -> str:
    for unit, factor in (("Go", 10**9), ("Mo", 10**6), ("ko", 10**3)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} octets"


class Unavailable(LabError):
    """A server that is needed does not answer now; the same request may succeed later."""

    status = 503


class Unreachable(Unavailable):
    """The document server cannot be reached: nothing can be done without it, so events wait."""


class Conflict(Unavailable):
    """The document changed while it was being decided upon."""

    status = 409


class DeadlineExceeded(Unavailable):
    """No answer came within the deadline."""

    status = 504


TYPED: tuple[type[LabError], ...] = (
    Rejected,
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    WrongStage,
    TooLarge,
    Unavailable,
    Unreachable,
    Conflict,
    DeadlineExceeded,
)
"""The errors that keep their type across an RPC call."""


def invalid_of(error: ValidationError) -> Invalid:
    """The first fault that pydantic found, in French, naming the field and not the faulty value."""
    first = error.errors(include_url=False, include_input=False)[0]
    return Invalid(in_french(first), ".".join(str(part) for part in first["loc"]))
