"""What was typed into a form whose session had ended: kept until its person is back."""

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

_KEPT_SECONDS = 3600.0
_LONGEST_KEPT, _MOST_KEPT = 400_000, 20_000_000
"""Characters of one form, and of all together: the oldest go first."""

_NOT_KEPT = frozenset({"csrf"})

ENDED = "Votre session est terminée : connectez-vous à nouveau."
NOT_SENT = (
    "Votre session est terminée : ce que vous veniez d'écrire n'est pas enregistré."
    " Connectez-vous, puis recommencez."
)
KEPT = (
    "Votre session est terminée. Ce que vous veniez d'écrire est gardé une heure :"
    " connectez-vous, relisez-le, puis envoyez-le."
)
"""What is told of a session that ended, and of the form that it was too late for."""


class UnsentForm(NamedTuple):
    """What was typed, and where it was to be sent; `member_id` is empty where nobody knows whose.

    A form that `takes_file` is kept without its file.
    """

    path: str
    fields: tuple[tuple[str, str], ...]
    member_id: str = ""
    takes_file: bool = False

    @property
    def length(self) -> int:
        """How many characters it has."""
        return sum(len(name) + len(text) for name, text in self.fields)


class UnsentForms:
    """They are in the memory of this process alone, for an hour, by a key that nobody guesses."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._kept = clock, dict[str, tuple[float, UnsentForm]]()

    def keep(self, form: UnsentForm) -> str:
        """Keep a form without its secrets and return its key; empty if the form is too long."""
        fields = tuple(field for field in form.fields if field[0] not in _NOT_KEPT)
        form, key = form._replace(fields=fields), secrets.token_urlsafe(16)
        if form.length > _LONGEST_KEPT:
            return ""
        self._kept[key] = (self._clock(), form)
        self._forget()
        return key

    def find(self, key: str, member_id: str) -> UnsentForm | None:
        """The form of that key, if it is not another member's."""
        self._forget()
        _, form = self._kept.get(key, (0.0, None))
        return form if form and form.member_id in {"", member_id} else None

    def _forget(self) -> None:
        oldest_first, at = list(self._kept.items()), self._clock()
        length = sum(form.length for _, form in self._kept.values())
        for key, (since, form) in oldest_first:
            if at - since < _KEPT_SECONDS and length <= _MOST_KEPT:
                return
            length -= form.length
            del self._kept[key]
