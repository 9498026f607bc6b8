"""Judges columns of names by what stands beside them: first names, schools, or nothing."""

from collections.abc import Sequence

from shared.engine.reading.columns.contacts import is_free_mail, is_mobile, names_somebody
from shared.engine.reading.columns.person_names import folded
from shared.engine.reading.columns.reference_files import any_word, words
from shared.engine.reading.privacy.column_sample import ColumnSample, Detection, undetected
from shared.engine.reading.privacy.detectors import NOT_A_PERSON, PERSON_NAMES, attributes
from shared.engine.reading.privacy.evidence import BY_SPREAD, FEW, MANY, NEARLY_ALL, TITLED
from shared.engine.reading.privacy.surroundings import Surroundings
from shared.engine.reading.values.value_tests import among, matching
from shared.engine.tables.privacy import DOUBTFUL

_NAME = r"(^|_)noms?(_|$)"
_OF_NAMES = "|".join(name_type.header for name_type in PERSON_NAMES)
_PLACE_OR_BODY = rf"(^|_){NOT_A_PERSON}|(^|_){any_word('header_place_or_body')}s?(_|$)"
_BODY = rf"(?i)(.*\W)?{any_word('bodies')}(\W.*)?"
_BARE = r"^noms?$"
_NAMES = frozenset({"first_name", "surname", "full_name"})
_PERSONAL = frozenset({"nir", "iban", "mention", *_NAMES})
_SIGNS = frozenset({"sex", "birth_year"})
_IS_THING = rf"(.*[^a-z])?{any_word('plants_and_animals')}s?([^a-z].*)?"
"""Plants and animals, most of which are names of persons as well."""

_KINDS_OF_SCHOOL = (
    "(?i)([ée]cole|coll[èe]ge|lyc[ée]e)s?( (maternelle|[ée]l[ée]mentaire|primaire|publique?"
    "|priv[ée]e?|g[ée]n[ée]ral|technologique|professionnel|polyvalent|et|/))*"
)
_MOST, _SOME = 0.5, 0.1


def with_surnames(
    samples: Sequence[ColumnSample], detections: Sequence[Detection], *, is_counted: bool
) -> list[Detection]:
    """Return the detections, with surnames beside other personal columns, however rare.

    Lists of surnames know too few for the values of a short table to prove them. Where persons are
    counted, names beside first names are those of places.
    """
    if is_counted:
        return list(detections)
    free = undetected(samples, detections)
    texts = [sample for sample in free if sample.column.kind == "text" and not sample.column.type]
    if any(detection.kind == "first_name" for detection in detections):
        some = [sample for sample in texts if _is_named_name(sample) or _are_surnames(sample)]
    elif _is_about_somebody(detections, free):
        some = [sample for sample in texts if sample.is_named(_BARE) and _is_list(sample)]
    else:
        some = []
    return [*detections, *map(_surname, some)]


def _surname(sample: ColumnSample) -> Detection:
    share = sample.share_of(sample.words.are_surname())
    return Detection(sample, "surname", round(max(share, DOUBTFUL), 3))


def _is_about_somebody(detections: Sequence[Detection], free: Sequence[ColumnSample]) -> bool:
    is_born = any(
        detection.kind == "birth_date" and detection.confidence > BY_SPREAD
        for detection in detections
    )
    return is_born or any(attribute.kind in _SIGNS for attribute in attributes(free))


def _are_surnames(sample: ColumnSample) -> bool:
    """Whether half of the values are surnames, and the header fits nothing else."""
    flags = sample.words.are_surname()
    is_free = not sample.is_named(_PLACE_OR_BODY) and not list(attributes([sample]))
    return is_free and bool(flags.sum() >= FEW and flags.mean() >= _MOST)


def _is_list(sample: ColumnSample) -> bool:
    """Whether nearly all values differ and are shaped like names."""
    differ = len(sample.distinct) >= NEARLY_ALL * len(sample.values)
    return differ and sample.share_of(sample.words.are_shaped()) >= NEARLY_ALL


def _is_named_name(sample: ColumnSample) -> bool:
    """Whether the header says "name", and nothing says it is a place's or a body's."""
    is_named = sample.is_named(_NAME) and not sample.is_named(_PLACE_OR_BODY)
    return is_named and sample.share(matching(_BODY)) < _MOST


def without_names_of_things(
    samples: Sequence[ColumnSample], detections: Sequence[Detection]
) -> list[Detection]:
    """Return the detections without columns headed `nom` that list things.

    Schools and stops are called after persons. Where nothing else in a row is a person's, most of
    the names must be persons' and no plants', or a share of them have a civility.
    """
    table = Surroundings(samples)
    are_things = _are_schools(samples) or table.are_measured or table.are_stops
    doubtful = [
        detection for detection in detections if _is_doubtful(detection, are_things=are_things)
    ]
    others = [detection for detection in detections if detection not in doubtful]
    if not doubtful or _has_persons(samples, others):
        return list(detections)
    dropped = [
        detection
        for detection in doubtful
        if not _is_proven(detection.sample, are_things=are_things)
    ]
    return [detection for detection in detections if detection not in dropped]


def _are_schools(samples: Sequence[ColumnSample]) -> bool:
    is_school = matching(_KINDS_OF_SCHOOL)
    return any(
        sample.column.type == "uai" or sample.share(is_school) >= _MOST for sample in samples
    )


def _is_doubtful(detection: Detection, *, are_things: bool) -> bool:
    sample = detection.sample
    is_few = are_things or len(sample.distinct) < MANY
    is_short = is_few and not sample.is_named(_OF_NAMES)
    is_bare = sample.is_named(_BARE)
    return detection.kind in _NAMES and (is_short or is_bare or _are_namesakes(sample))


def _are_namesakes(sample: ColumnSample) -> bool:
    """Whether the values are people after whom France names its schools."""
    flags = among(words("namesakes"))(folded(sample.distinct))
    return bool(flags.sum() > 1 and flags.mean() >= _SOME)


def _has_persons(samples: Sequence[ColumnSample], others: Sequence[Detection]) -> bool:
    """Whether a row has something personal besides a name."""
    free = undetected(samples, others)
    return any(map(_is_personal, others)) or any(
        attribute.kind in _SIGNS for attribute in attributes(free)
    )


def _is_personal(detection: Detection) -> bool:
    match detection.kind:
        case "email":
            share = detection.sample.share
            return share(names_somebody) > 0 or share(is_free_mail) > _MOST
        case "phone":
            return detection.sample.share(is_mobile) > _MOST
        case "birth_date":
            return detection.confidence > BY_SPREAD
        case kind:
            return kind in _PERSONAL


def _is_proven(sample: ColumnSample, *, are_things: bool) -> bool:
    names = sample.words
    are_names = names.are_surname() | names.are_full_name() | names.are_first_name()
    are_names &= ~matching(_IS_THING)(names.plain)
    is_known = not are_things and not _are_namesakes(sample) and bool(are_names.mean() >= _MOST)
    return is_known or sample.share_of(names.are_titled()) >= TITLED
