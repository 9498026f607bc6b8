"""What a yes names, so that it is for what was read and nothing else."""

import hashlib

from shared.errors import Invalid, WrongStage


def fingerprint_of(*seen: str) -> str:
    """The SHA-256 of what somebody decides by, text by text."""
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def check_read(asked: str, named: str) -> None:
    """Raise Invalid when a yes names no fingerprint, WrongStage when another is asked for since."""
    if not named:
        raise Invalid(
            "un accord nomme ce qui est demandé : relisez la demande et reprenez son empreinte",
            "fingerprint",
        )
    if named != asked:
        raise WrongStage(
            "la demande a changé depuis que vous l'avez lue : relisez-la, puis décidez"
        )
