"""Finds persons within cells: as JSON, in lists of names, or told in a few words each.

`conducteur, homme, 1984, tué | passager, femme, 1990, indemne` are two persons: of each two things
at least are said among a sex, an age or a year of birth, and a role.
"""

import ast
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.columns.contacts import mentions_somebody
from shared.engine.reading.columns.person_names import Words, unaccented
from shared.engine.reading.columns.reference_files import any_word, words
from shared.engine.reading.privacy.column_sample import ColumnSample
from shared.engine.reading.values.value_tests import Counts, Flags, Texts, flags_of, matching
from shared.language.folding import fold

_LONGEST, _LOOKED_AT = 20_000, 500
"""Signs of a cell that are read, and cells that tell whether a column nests persons."""

_SEPARATORS = r"\s*[|\n•]\s*|\s+(?:/+|[+&])\s+|\s+et\s+"
_BETWEEN_FIELDS = r"\s*;\s*"
_MAY_NEST = matching(r"(?is).*([|;\n•\[{,]|\s[/+&]\s|\set\s).*")
_RECORD, _NAMED, _TOLD = "\x1f", "\x1e", "\x1d"
"""Stand before what is made of a record, which no text of a cell begins with."""

_OF_PERSON = re.compile(
    r"(?P<name>prenom|first_?name|nom_?complet|full_?name)|(?P<surname>^(nom|name|surname)$|last_?name"
    r"|nom_?(de_?)?famille)|(?P<sex>sexe?|genre|gender|civilite)|(?P<age>^age|naiss|birth|^ne(e)?_)"
    r"|(?P<contact>tel|mail|mobile|portable)|(?P<role>role|categorie|catu|fonction|grav|lien|statut)"
)

_SEX = rf"\b(?:{'|'.join(w for w in (*words('women'), *words('men')) if w[-1] not in 's.')})\b"
_ROLE = rf"\b{any_word('roles_of_persons')}\b"
"""Of one: what is said of many, `femmes`, `enfants`, tells nobody."""

_AGE = r"\b[0-9]{1,3} ?ans?\b|\bnee? (en|le)\b|\b(19[0-9]{2}|20[0-2][0-9])\b"
_BAND = r"[0-9]{1,3} ?(ans)? ?(-|a|et) ?([0-9]{1,3} ?ans|plus|moins)|(moins|plus) de [0-9]+"
_TELLS = matching(f"(?i).*{_ROLE}.*")
_HEADER = (
    rf"(^|_)({any_word('header_person')}|enfant|equip(e|age)|membre|prenom|beneficiaire|adherent"
    r"|famille|foyer|impliqu|occupant)"
)

_MOST, _SOME, _NEARLY_ALL = 0.5, 0.05, 0.8
_PAIR = 2


@dataclass(frozen=True)
class Nesting:
    """What the distinct values of a column tell of persons, value by value.

    `persons` counts them, `named` marks the values that name or reach a person, `described` those
    that describe one closely enough, and `rows` counts how often each value occurs.
    """

    persons: Counts
    named: Flags
    described: Flags
    rows: Counts

    @property
    def is_nested(self) -> bool:
        """Whether most cells hold persons, and more than one name each."""
        filled = max(1, int(self.rows.sum()))
        some = self.rows[self.persons > 0].sum() / filled
        several = self.rows[self.persons >= _PAIR].sum() / filled
        described = self.rows[self.described].sum() / filled
        return bool(some >= _MOST and (several >= _SOME or described >= _MOST))

    @property
    def is_naming(self) -> bool:
        """Whether some of them are named."""
        return bool(self.rows[self.named].sum() >= _SOME * max(1, int(self.rows.sum())))

    @property
    def total(self) -> int:
        """Count all persons of all cells."""
        return int((self.persons * self.rows).sum())


def nesting_of(sample: ColumnSample) -> Nesting | None:
    """Return the persons nested in a column's sample; None when it cannot nest any."""
    if sample.share(_MAY_NEST) < _SOME and sample.share(_TELLS) < _SOME:
        return None
    return persons_in(sample, sample.distinct[:_LOOKED_AT], sample.counts[:_LOOKED_AT])


def persons_in(sample: ColumnSample, texts: Texts, rows: Counts) -> Nesting:
    """Count the persons in these cells of the column; `rows` tells how often each cell occurs.

    First names alone, and ages, are persons where the column's name speaks of some.
    """
    by_header = sample.is_named(_HEADER)
    parts, index = _parts_of(texts)
    named, described, listed = _judged(parts, by_header=by_header)
    size = len(texts)

    def counted(flags: Flags) -> Counts:
        return np.bincount(index, weights=flags, minlength=size).astype(np.int64)

    several = counted(listed) >= _PAIR
    names = named | (listed & several[index])
    return Nesting(
        persons=counted(names | described),
        named=counted(names) > 0,
        described=counted(described) > 0,
        rows=rows,
    )


def _parts_of(texts: Texts) -> tuple[Texts, Counts]:
    """Split texts into parts that may each be a person, with the text that each is of."""
    texts = pc.utf8_slice_codeunits(texts, 0, _LONGEST)
    is_json = matching(r"(?s)\s*[\[{].*")(texts)
    parts, index = _split(texts.filter(pa.array(~is_json)), np.flatnonzero(~is_json), _SEPARATORS)
    if not _has(texts, r"[|\n•]").any():
        parts, index = _split(parts, index, _BETWEEN_FIELDS)
    # Names are listed by commas as well; what is told of one person is, too.
    is_whole = _has(unaccented(parts), rf"[0-9]|{_ROLE}")
    names, of_names = _split(parts.filter(pa.array(~is_whole)), index[~is_whole], ",")
    records: list[str] = []
    of_records: list[int] = []
    for at in np.flatnonzero(is_json):
        records_of_text = list(_records(texts[int(at)].as_py()))
        records += records_of_text
        of_records += [int(at)] * len(records_of_text)
    whole = parts.filter(pa.array(is_whole))
    return (
        pa.concat_arrays([whole, names, pa.array(records, pa.string())]),
        np.concatenate([index[is_whole], of_names, np.array(of_records, np.int64)]),
    )


def _split(texts: Texts, index: Counts, pattern: str) -> tuple[Texts, Counts]:
    split = pc.split_pattern_regex(texts, pattern)
    of_text = pc.list_parent_indices(split).to_numpy(zero_copy_only=False)
    return pc.list_flatten(split), index[of_text]


def _judged(parts: Texts, *, by_header: bool) -> tuple[Flags, Flags, Flags]:
    """Tell of each part whether it is named, described, or on a list of first names."""
    is_record = flags_of(pc.starts_with(parts, _RECORD))
    told_records = flags_of(pc.starts_with(parts, _RECORD + _TOLD))
    reached = _has(parts, r"[0-9@]")
    reached[reached] = mentions_somebody(parts.filter(pa.array(reached)))
    named_records = flags_of(pc.starts_with(parts, _RECORD + _NAMED)) | (is_record & reached)
    plain = unaccented(parts)
    aged = _has(plain, _AGE) & ~_has(plain, _BAND)
    facts = aged.astype(int) + _has(plain, _SEX) + _has(plain, _ROLE)
    if by_header:
        facts += aged  # of whom the column's name says
    described = ~is_record & (facts >= _PAIR)
    rest = pc.replace_substring_regex(parts, r"[,(:].*$|[0-9].*$", "")
    names = Words.of(pc.utf8_trim_whitespace(rest))
    named = ~is_record & (names.are_full_name() | (described & reached))
    first = names.are_first_name() & ~is_record
    listed = first if by_header else np.zeros(len(first), bool)
    return named | named_records, described | told_records | named_records, listed


def _has(texts: Texts, pattern: str) -> Flags:
    return flags_of(pc.match_substring_regex(texts, pattern))


def _records(text: str) -> Iterator[str]:
    """Yield the persons that JSON, or a Python list, describes; none for any other text."""
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        yield from _of_json(_read(text))


def _read(text: str) -> Any:  # noqa: ANN401 - whatever stands in the cell
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text)


def _of_json(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever stands in the cell
    if isinstance(value, dict):
        yield from _of_record(value)
        for member in value.values():
            if isinstance(member, list | tuple | dict):
                yield from _of_json(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from [member] if isinstance(member, str) else _of_json(member)


def _of_record(record: dict[Any, Any]) -> Iterator[str]:
    """Turn a record into one part: its values behind a mark for what its keys describe."""
    scalars = {
        key: member
        for key, member in record.items()
        if member and not isinstance(member, dict | list)
    }
    kinds = {_kind_of(str(key)) for key in scalars}
    is_named = "name" in kinds or ("surname" in kinds and bool(kinds & {"sex", "age"}))
    mark = _NAMED if is_named else _TOLD if len(kinds & {"sex", "age", "role"}) >= _PAIR else ""
    yield f"{_RECORD}{mark}{' '.join(map(str, scalars.values()))}"


@lru_cache(maxsize=1000)
def _kind_of(key: str) -> str:
    match = _OF_PERSON.search(re.sub(r"[^a-z0-9]+", "_", fold(key)))
    return (match and match.lastgroup) or ""
