"""Tells columns of birth dates, which are dates like others but for their name and their years."""

from datetime import UTC, datetime

import numpy as np

from services.compute.runner.columns.identifiers import Texts, matching
from services.compute.runner.privacy.quasi_identifiers import years_of

UNSPOKEN = 0.4
"""How sure dates make it by their spread alone that they are births: other signs must agree."""

BIRTH = r"naiss|(^|_)nais(_|$)|birth|(^|_)(ddn|dob|ne(_?e)?s?_le)(_|$)"
_DAY = r"(0?[1-9]|[12][0-9]|3[01])"
_MONTH = r"(janv|f[ée]v|mars|avr|mai|juin|juil|ao[ûu]t|sept?|oct|nov|d[ée]c)[a-zé]*\.?"
_WRITTEN = (
    rf"(?i){_DAY}(er)? +{_MONTH} +(1[89]|20)[0-9]{{2}}|{_DAY}[/.-](0?[1-9]|1[0-2])[/.-][0-9]{{2}}"
)
"""Days that no column of dates is made of: with their month in words, or two digits of the year."""

_NEARLY_ALL = 0.9
_GENERATION, _OLDEST = 25, 120


def birth_date(values: Texts, *, is_date: bool, is_spoken: bool) -> float:
    """How sure it is that these are days of birth, from 0 to 1.

    Sure by the column's name (`is_spoken`) and years of lives, doubtful by the spread of the years
    of dates (`is_date`) alone.
    """
    if is_spoken and not is_date:
        share = float(matching(_WRITTEN)(values).mean()) if len(values) else 0.0
        return share if share >= _NEARLY_ALL else 0.0
    years, now = years_of(values) if is_date else np.empty(0), datetime.now(UTC).year
    if not len(years):
        return 0.0
    if is_spoken:
        return float(((years > now - _OLDEST) & (years <= now)).mean())
    low, middle, high = np.percentile(years, [10, 50, 90])
    spread = high - low >= _GENERATION and middle <= now - _GENERATION
    return UNSPOKEN if spread and years.max() <= now else 0.0
