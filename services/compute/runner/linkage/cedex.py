"""Leads codes of CEDEX to communes, as far as they are known.

No list of all of them is open. A town hall's own code is in its commune. Others lead where the
ordinary code of their post office does, where the first digits tell which that is. Of 86 pairs of
code and commune taken from INSEE's register of companies (public list of Christian Quest, on
OpenDataSoft) 41 lead to the right commune, none to a wrong one, and 45 nowhere; of the 228 town
halls the rule alone leads 78 right and one to the town next to it. Guessing by four digits would be
wrong for one in seven. In départements of many offices still less is said.
"""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.cog import load_cog
from services.compute.runner.columns.reference_files import read_reference
from services.compute.runner.values.value_tests import Texts

_DENSE = "06|13|59|62|69|77|78|91|92|93|94|95"
_OFFICES = (
    # 50001 to 50049 is the office of the prefecture; from 50 on another town's may begin, as
    # Le Havre's in 76 and Reims' in 51. Cergy's serves the towns around it.
    ("^(?:95|97|98)", r"^([0-9]{2})0[0-4][0-9]$", r"\g<1>000"),
    # 27201 to 27209 is the office of 27200.
    (f"^(?:{_DENSE}|97|98)", r"^([0-9]{2}[1-9])0[1-9]$", r"\g<1>00"),
    ("^$", "^75[0-9]{3}$", "75001"),
)
"""Where the pattern behind does not hold, the codes of an office, and its ordinary one."""


def with_offices(values: Texts) -> Texts:
    """The values, each code that is no ordinary one as that of its office, null where unknown."""
    ordinary = load_cog().postcodes["postcode"].combine_chunks()
    offices = values
    for elsewhere, codes, office in _OFFICES:
        of_office = pc.replace_substring_regex(offices, codes, office.replace(r"\g<1>", r"\1"))
        offices = pc.if_else(pc.match_substring_regex(values, elsewhere), offices, of_office)
    known = pc.fill_null(pc.is_in(offices, ordinary), fill_value=False)
    return pc.if_else(pc.is_in(values, _listed()), values, pc.if_else(known, offices, None))


def are_deduced(values: Texts) -> Texts:
    """Which values lead by the code of their office, and not by a list."""
    return pc.fill_null(pc.not_equal(with_offices(values), values), fill_value=False)


@cache
def _listed() -> Texts:
    """Ordinary codes, and those of town halls."""
    codes = [
        load_cog().postcodes["postcode"].combine_chunks(),
        town_halls()["postcode"].combine_chunks(),
    ]
    return pa.concat_arrays(codes).unique()


@cache
def town_halls() -> Texts:
    """The codes of CEDEX in the addresses of town halls, and their communes."""
    return read_reference("cedex.csv").rename_columns(["postcode", "commune"])
