"""Leads codes of CEDEX to communes, as far as they are known.

A town hall's own code is in its commune. Others lead where the ordinary code of their post office
does, where their digits tell which that is. Of the 10,789 codes in Christian Quest's public « Liste
des CEDEX », read from INSEE's register of companies, 5,519 lead to a commune that it names, 66 to
others, and 5,204 nowhere; with that list beside the town halls' (see the README of the reference
files) it is 10,521, 18 and 250. Where a rule holds was chosen by that list; chosen by one half of
it, a rule is wrong for 1.2 % of what it leads of the other half; a guess by four digits for half.
"""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.cog import load_cog
from services.compute.runner.columns.reference_files import read_reference
from services.compute.runner.values.value_tests import Texts

_OFFICES = (
    # 50001 to 50049 is the office of the prefecture, unless another town's begins alike, as
    # Draguignan's in 83. Cergy's serves the towns around it.
    ("^(?:29|78|83|91|92|95|97|98)", r"^([0-9]{2})0[0-4][0-9]$", r"\g<1>000"),
    # From 50 on others' may begin, as Le Havre's in 76 and Reims' in 51.
    (
        "^(?:10|22|24|27|29|38|49|51|57|59|62|68|76|78|79|83|86|89|91|92|95|97|98)",
        r"^([0-9]{2})0[5-9][0-9]$",
        r"\g<1>000",
    ),
    # 27201 to 27209 is the office of 27200.
    ("^(?:13|29|69|97|98)", r"^([0-9]{2}[1-9])0[1-9]$", r"\g<1>00"),
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
