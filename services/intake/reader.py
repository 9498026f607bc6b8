"""How a project stands with the data that it asked for, as the catalogue tells it."""

from pydantic import AliasChoices, Field

from services.intake.proposal import Proposal
from services.intake.records import Access
from shared.errors import WrongStage
from shared.events import Stage

ENDS: frozenset[Stage] = frozenset({"delivered", "rejected", "withdrawn"})
"""The stages at which a project reads nothing any more."""


class Reader(Proposal):
    """A project as far as its data.

    `data_opened` is that the catalogue once said that all of it may be read; what it says of one
    dataset may come before that or after, and is newer by its `sequence`.
    """

    # Documents from before access could end have it by the name of what callers are shown.
    data_opened: bool = Field(
        default=False, validation_alias=AliasChoices("data_opened", "access_open")
    )
    accesses: tuple[Access, ...] = ()

    @property
    def access_open(self) -> bool:
        """Whether the project may read all its data now."""
        is_kept_back = any(one.state != "granted" for one in self.accesses)
        return self.data_opened and not is_kept_back and self.stage not in ENDS

    def note_access(self, news: Access) -> None:
        """Note how it stands with a dataset, unless something newer is known."""
        known = {one.dataset_id: one for one in self.accesses}
        before = known.get(news.dataset_id)
        if before and before.sequence > news.sequence:
            return
        self.accesses = tuple((known | {news.dataset_id: news}).values())
        told = news.told_after(before, again=self.data_opened)
        if told and self.stage not in ENDS:
            self._note("catalog", told)

    def check_readable(self) -> None:
        """Raise WrongStage, with the reason in French, while data was taken away."""
        revoked = (one.reason for one in self.accesses if one.state == "revoked")
        if reason := next(revoked, ""):
            raise WrongStage(f"l'accès à des données du projet a été retiré : {reason}")
