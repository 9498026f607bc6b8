"""The members whose skills help a project: those it asks for, those its problem asks for."""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from services.intake.matching.sites import present
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.records import SuggestedMember
from shared.engine.tables.territory import common
from shared.language.folding import fold, sequence
from shared.language.french import counted, french_list, quoted
from shared.needs import Need, needs_of
from shared.thesaurus import keys_of, same_as
from shared.thesaurus.likeness import Concepts, Likeness, concepts_of

ASKED, KNOWS, NEARBY, BUSY = 3.0, 1.6, 0.4, 0.25
"""Points for each skill asked for, for the subject, for the place, and against each project that
the member works on; those for each need of the problem stand in needs.csv."""

_NEEDS_COUNTED = 2
_SUBJECT_COUNTED = 1.5
_HELPS_ENOUGH, _KNOWS_ENOUGH, _BOTH_ENOUGH = 0.6, 1.8, 2.0
"""What skills, the subject, and both have to come to: less is chance."""

_PARTS = re.compile(r"\bet\b|[,/();]")

Load = Callable[[str], int]
"""How many projects a member works on."""


@dataclass
class _Found:
    """A member with what speaks for it."""

    member: Member
    skills: tuple[str, ...] = ()
    needs: Mapping[Need, str] = field(default_factory=dict)
    subject: Mapping[str, float] = field(default_factory=dict)
    places: Sequence[str] = ()

    @property
    def knows(self) -> float:
        """How well it knows the subject."""
        return min(sum(self.subject.values()), _SUBJECT_COUNTED)

    @property
    def score(self) -> float:
        """How much speaks for it; 0 when nothing but chance does."""
        helps = ASKED * len(self.skills) + sum(
            heapq.nlargest(_NEEDS_COUNTED, (need.points for need in self.needs))
        )
        knows = KNOWS * self.knows
        if helps < _HELPS_ENOUGH and knows < _KNOWS_ENOUGH and helps + knows < _BOTH_ENOUGH:
            return 0.0
        return helps + knows + NEARBY * bool(self.places)


def experts(
    project: Project, subject: Concepts, members: Iterable[Member], load: Load, most: int
) -> tuple[SuggestedMember, ...]:
    """Return the members who can help, best first, each with the reasons."""
    others = list(members)
    concepts_by_member = {
        member.id: concepts_of(*member.skills, *_names(member)) for member in others
    }
    likeness = Likeness(concepts_by_member.values())
    needs = needs_of(project.title, project.problem, *project.skills)
    candidates = [
        _found(project, member, needs, likeness.between(subject, concepts_by_member[member.id]))
        for member in others
    ]
    return _ranked((candidate for candidate in candidates if candidate.score), load, most)


def _found(
    project: Project, member: Member, needs: Mapping[Need, str], subject: Mapping[str, float]
) -> _Found:
    wanted_skills = {fold(skill): skill for skill in project.skills}.values()
    skills = (owned_skill for skill in wanted_skills if (owned_skill := _skill_of(member, skill)))
    return _Found(
        member=member,
        skills=tuple(skills),
        needs={need: words for need, words in needs.items() if _helps(member, need)},
        subject=subject,
        places=common(member.territory, project.territory),
    )


def _names(member: Member) -> Iterator[str]:
    """What a member is called, unless that says where it is rather than what it does."""
    if member.kind != "local_authority":
        yield member.name


def _helps(member: Member, need: Need) -> bool:
    return any(_is_among(skill, owned) for owned in member.skills for skill in need.skills)


# Members' skills are compared with the same few again at each project.
@lru_cache(maxsize=100_000)
def _is_among(skill: str, owned: str) -> bool:
    """Whether what a member calls its skill means that one, whole, in part or among other words.

    A part stands between `et`, commas and brackets; among others stand two words or more.
    """
    alike = same_as(skill)
    if any(keys_of(part) & alike for part in (owned, *_PARTS.split(owned)) if part.strip()):
        return True
    words = [word for word, _written in sequence(owned)]
    ends = ((start, end) for start in range(len(words)) for end in range(start + 2, len(words) + 1))
    return any(" ".join(words[start:end]) in alike for start, end in ends)


def _skill_of(member: Member, wanted_skill: str) -> str:
    """Return the wanted skill, with the member's own name for it; empty if the member lacks it."""
    alike = same_as(wanted_skill)
    owned = [skill for skill in member.skills if keys_of(skill) & alike]
    if not owned or any(keys_of(skill) & keys_of(wanted_skill) for skill in owned):
        return wanted_skill if owned else ""
    return f"{wanted_skill} (chez ce membre : {owned[0]})"


def _ranked(candidates: Iterable[_Found], load: Load, most: int) -> tuple[SuggestedMember, ...]:
    """Return the best candidates; `load`, how busy one is, is only read for those at the top."""
    first = sorted(
        candidates,
        key=lambda candidate: (-candidate.score, candidate.member.name, candidate.member.id),
    )[: 2 * most]
    busy = {candidate.member.id: load(candidate.member.id) for candidate in first}

    def rank(candidate: _Found) -> tuple[float, str, str]:
        return (
            BUSY * busy[candidate.member.id] - candidate.score,
            candidate.member.name,
            candidate.member.id,
        )

    return tuple(
        SuggestedMember(
            member_id=candidate.member.id,
            name=candidate.member.name,
            reasons=tuple(_reasons(candidate, busy[candidate.member.id])),
        )
        for candidate in sorted(first, key=rank)[:most]
    )


def _reasons(candidate: _Found, busy: int) -> Iterator[str]:
    if candidate.skills:
        yield f"Compétence recherchée : {', '.join(candidate.skills)}."
    for need, words in list(candidate.needs.items())[:_NEEDS_COUNTED]:
        owned = [
            skill
            for skill in candidate.member.skills
            if any(_is_among(needed_skill, skill) for needed_skill in need.skills)
        ]
        skills = french_list([quoted(skill) for skill in owned])
        yield f"Il s'agit de {need.phrase} ({quoted(words)}) ; ce membre sait faire : {skills}."
    if candidate.subject:
        best = sorted(candidate.subject, key=lambda word: -candidate.subject[word])[:3]
        yield f"Connaît votre sujet : {', '.join(sorted(best))}."
    yield from present(candidate.places)
    if busy:
        yield f"Travaille déjà à {counted(busy, 'projet', 'projets')} du Datalab."
