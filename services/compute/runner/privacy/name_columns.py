"""Judges columns of names by what stands beside them: first names, schools, or nothing."""

from collections.abc import Sequence

from services.compute.runner.columns.contacts import is_free_mail, is_mobile, names_somebody
from services.compute.runner.columns.identifiers import among, matching
from services.compute.runner.columns.person_names import Words, folded, is_surname
from services.compute.runner.columns.reference_files import any_word, words
from services.compute.runner.privacy.direct_identifiers import (
    FEW,
    MANY,
    SHAPED,
    THING,
    TITLED,
    UNSPOKEN,
    Guess,
    Look,
    speaks_of_names,
    traits,
)

_NAME = r"(^|_)noms?(_|$)"
_PLACE_OR_BODY = rf"(^|_){THING}|(^|_){any_word('header_place_or_body')}s?(_|$)"
_BODY = rf"(?i)(.*\W)?{any_word('bodies')}(\W.*)?"
_BARE = r"^noms?$"
_SCHOOL = rf"{_BARE}|appellation|(^|_)uai(_|$)"
_NAMES = frozenset({"first_name", "surname", "full_name"})
_PERSONAL = frozenset({"nir", "iban", "mention", *_NAMES})
_TRAITS = frozenset({"sex", "birth_year"})
_IS_THING = rf"(.*[^a-z])?{any_word('plants_and_animals')}s?([^a-z].*)?"
"""Plants and animals, most of which are names of persons as well."""

_KINDS_OF_SCHOOL = (
    "(?i)([ée]cole|coll[èe]ge|lyc[ée]e)s?( (maternelle|[ée]l[ée]mentaire|primaire|publique?"
    "|priv[ée]e?|g[ée]n[ée]ral|technologique|professionnel|polyvalent|et|/))*"
)
_MOST, _SOME = 0.5, 0.1
_DOUBTFUL = 0.7


def with_surnames(
    looks: Sequence[Look], found: Sequence[Guess], *, is_counted: bool
) -> list[Guess]:
    """What was found, and the surnames beside what else is a person's, however rare they are.

    Lists of surnames know too few for the values of a short table to prove them. Where persons are
    counted, names beside first names are those of places.
    """
    if is_counted:
        return list(found)
    taken = {guess.look.column.name for guess in found}
    free = [look for look in looks if look.column.name not in taken]
    texts = [look for look in free if look.column.kind == "text" and not look.meaning]
    if any(guess.kind == "first_name" for guess in found):
        some = [look for look in texts if _is_called_name(look) or _are_known(look)]
    elif _is_about_somebody(found, free):
        some = [look for look in texts if look.speaks(_BARE) and _is_listed_once(look)]
    else:
        some = []
    return [*found, *map(_surname, some)]


def _surname(look: Look) -> Guess:
    return Guess(look, "surname", round(max(look.share(is_surname), _DOUBTFUL), 3))


def _is_about_somebody(found: Sequence[Guess], free: Sequence[Look]) -> bool:
    is_born = any(one.kind == "birth_date" and one.confidence > UNSPOKEN for one in found)
    return is_born or any(one.kind in _TRAITS for one in traits(free))


def _are_known(look: Look) -> bool:
    """Whether half of the values are surnames, under a name that is no trait's nor a thing's."""
    flags = is_surname(look.distinct)
    is_free = not look.speaks(_PLACE_OR_BODY) and not list(traits([look]))
    return is_free and bool(flags.sum() >= FEW and flags.mean() >= _MOST)


def _is_listed_once(look: Look) -> bool:
    """Whether nearly all values differ and are shaped like names; places come once for a sex."""
    words = Words.of(look.distinct)
    differ = len(look.distinct) >= SHAPED * len(look.values)
    return differ and look.share_of(words.are_shaped()) >= SHAPED


def _is_called_name(look: Look) -> bool:
    """Whether a column is called a name, and neither it nor its values are a place's or body's."""
    is_named = look.speaks(_NAME) and not look.speaks(_PLACE_OR_BODY)
    return is_named and look.share(matching(_BODY)) < _MOST


def without_things(looks: Sequence[Look], found: Sequence[Guess]) -> list[Guess]:
    """What was found, without columns headed just `nom` that seem to list things or schools.

    Schools are called after persons. Where nothing else in a row is a person's, most of the names
    must be persons' and no plants', or a share of them have a civility.
    """
    doubtful = [guess for guess in found if _is_doubtful(guess, looks)]
    others = [guess for guess in found if guess not in doubtful]
    if not doubtful or _has_persons(looks, others):
        return list(found)
    dropped = [one for one in doubtful if not _is_proven(one.look, are_schools=_are_schools(looks))]
    return [guess for guess in found if guess not in dropped]


def _are_schools(looks: Sequence[Look]) -> bool:
    is_school = matching(_KINDS_OF_SCHOOL)
    return any(look.meaning == "uai" or look.share(is_school) >= _MOST for look in looks)


def _is_doubtful(guess: Guess, looks: Sequence[Look]) -> bool:
    look, header = guess.look, _SCHOOL if _are_schools(looks) else _BARE
    is_short = len(look.distinct) < MANY and not speaks_of_names(look)
    is_bare = is_short or look.speaks(header) or _are_namesakes(look)
    return guess.kind in _NAMES and is_bare


def _are_namesakes(look: Look) -> bool:
    """Whether things are called after those whom France calls its schools after."""
    flags = among(words("namesakes"))(folded(look.distinct))
    return bool(flags.sum() > 1 and flags.mean() >= _SOME)


def _has_persons(looks: Sequence[Look], others: Sequence[Guess]) -> bool:
    """Whether a row has something of a person besides a name."""
    taken = {guess.look.column.name for guess in others}
    free = [look for look in looks if look.column.name not in taken]
    return any(map(_is_personal, others)) or any(one.kind in _TRAITS for one in traits(free))


def _is_personal(guess: Guess) -> bool:
    look = guess.look
    match guess.kind:
        case "email":
            return look.share(names_somebody) > 0 or look.share(is_free_mail) > _MOST
        case "phone":
            return look.share(is_mobile) > _MOST
        case "birth_date":
            return guess.confidence > UNSPOKEN
        case kind:
            return kind in _PERSONAL


def _is_proven(look: Look, *, are_schools: bool) -> bool:
    words = Words.of(look.distinct)
    are_names = words.are_surname() | words.are_full_name() | words.are_first_name()
    are_names &= ~matching(_IS_THING)(words.plain)
    is_known = not are_schools and not _are_namesakes(look) and bool(are_names.mean() >= _MOST)
    return is_known or look.share_of(words.are_titled()) >= TITLED
