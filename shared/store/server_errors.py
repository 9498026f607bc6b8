"""What the errors of the document server are to the lab: away, refused, or never to be saved."""

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
)

from shared.errors import Rejected, Unavailable, Unreachable


@contextmanager
def translated() -> Iterator[None]:
    """Raise an error of the lab in place of one of the document server, but for a double key."""
    try:
        yield
    except DuplicateKeyError:
        raise
    except NetworkTimeout as error:  # which may be for what was asked
        raise Unavailable("the document server does not answer") from error
    except ConnectionFailure as error:  # a server that dies cuts each connection
        raise Unreachable("the document server does not answer") from error
    except PyMongoError as error:
        raise Unavailable(f"the document server refused: {_name_of(error)}") from error
    except (BSONError, OverflowError, UnicodeEncodeError) as error:
        raise Rejected("cette valeur ne peut être enregistrée, ou est trop longue") from error


def _name_of(error: PyMongoError) -> str:
    """What kind of refusal it is; the server's own words may show hosts and documents."""
    details = error.details if isinstance(error, OperationFailure) else None
    return str((details or {}).get("codeName") or type(error).__name__)
