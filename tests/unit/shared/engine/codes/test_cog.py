"""Which year of the COG a column of commune codes fits."""

import numpy as np
import pytest

from shared.engine.codes.code_lists import CodeArray
from shared.engine.codes.cog import Fit, best_year, load_cog


def fit_of(*codes: str) -> Fit:
    """The fit of codes that are some."""
    fit = best_year(np.array(codes, "S"))
    assert fit is not None
    return fit


def texts(codes: CodeArray) -> list[str]:
    """Codes as texts."""
    return [code.decode() for code in codes.tolist()]


def valid_in(year: int) -> list[str]:
    """The codes of that year's communes."""
    runs = load_cog().runs(b"commune")
    return texts(runs["code"][(runs["first"] <= year) & (runs["last"] >= year)])


@pytest.mark.parametrize("year", [1943, 1962, 1975, 1999, 2012, 2016, 2019, 2020, 2021, 2024])
def test_list_of_all_communes_fits_its_year(year: int) -> None:
    """A whole list tells its year, by what is there and by what is not there yet."""
    fit = fit_of(*valid_in(year))
    assert (fit.year, fit.share, fit.with_parts) == (year, 1.0, False)


@pytest.mark.parametrize(
    ("year", "communes"),
    [(2012, 36700), (2016, 35885), (2019, 34970), (2020, 34968), (2021, 34965), (2024, 34935)],
)
def test_years_have_as_many_communes_as_insee_says(year: int, communes: int) -> None:
    """INSEE, « nombre de communes au 1er janvier », without the overseas collectivities."""
    listed = load_cog().communes
    districts = texts(listed["code"][listed["kind"] == b"district"])
    codes = {*valid_in(year)} - {*districts}
    assert len([c for c in codes if not c.startswith(("975", "977", "978", "98"))]) == communes


def test_kinds_tell_districts_gone_and_unknown_codes() -> None:
    """What the present COG says of a code, and what it never knew."""
    fit = fit_of("75101", "20004", "14011", "99999", "2A004")
    assert fit.kinds == {"district": 1, "gone": 1, "delegated": 1, "unknown": 1, "commune": 1}
    assert (fit.year, fit.share) == (2024, 0.6)


def test_column_without_a_code_fits_no_year() -> None:
    """Nothing is guessed about values that are no codes, or about no values."""
    assert best_year(np.array(["x"], "S")) is None
    assert best_year(np.array([], "S")) is None
