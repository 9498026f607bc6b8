"""The stages of a project: their order, what they are called, and which may follow each.

A new stage is a line here, its command in intake's model, and its event.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Stage = Literal[
    "submitted",
    "advised",
    "secured",
    "equipped",
    "trialled",
    "piloted",
    "staffed",
    "delivered",
    "rejected",
    "withdrawn",
]


class StageTerms(NamedTuple):
    """What a stage is called, in French as its holder reads it, and the stages after it."""

    french: str
    following: frozenset[Stage] = frozenset()


STAGES: Mapping[Stage, StageTerms] = {
    "submitted": StageTerms("déposé", frozenset({"advised", "withdrawn"})),
    "advised": StageTerms("conseillé", frozenset({"secured", "rejected", "withdrawn"})),
    # A review may still refuse later: an owner keeps the data back, or the trial shows that the
    # project is not feasible.
    "secured": StageTerms("sécurisé", frozenset({"equipped", "rejected", "withdrawn"})),
    "equipped": StageTerms("équipé", frozenset({"trialled", "rejected", "withdrawn"})),
    "trialled": StageTerms("testé", frozenset({"piloted", "withdrawn"})),
    "piloted": StageTerms("site pilote trouvé", frozenset({"staffed", "withdrawn"})),
    "staffed": StageTerms("équipe formée", frozenset({"delivered", "withdrawn"})),
    "delivered": StageTerms("livré"),
    "rejected": StageTerms("refusé"),
    "withdrawn": StageTerms("retiré"),
}
"""In their order."""

STAGE_NAMES: Mapping[str, str] = {stage: terms.french for stage, terms in STAGES.items()}

FINAL_STAGES = frozenset(stage for stage, terms in STAGES.items() if not terms.following)
"""The stages at which a project reads nothing any more, and waits for nobody."""

OPEN_STAGES = frozenset(STAGES) - FINAL_STAGES
"""All others."""

ABANDONED = FINAL_STAGES - {"delivered"}
"""The ends without a service."""

WAY = tuple(stage for stage in STAGES if stage not in ABANDONED)
"""The stages from a project's submission to its delivery."""
