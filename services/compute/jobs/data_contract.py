"""What the data of a result has to be for its next edition to be as good."""

from collections.abc import Iterator

from shared.errors import Rejected
from shared.events.event import Frozen
from shared.language.french import french_list, quoted

SHARE_MARGIN = 0.1
"""By how much the share of a crossing's rows that meet may fall: ten points of a hundred."""

_TYPES = {"VARCHAR": "texte", "BIGINT": "nombre entier", "DOUBLE": "nombre", "DATE": "date"}
_WIDER = ("BIGINT", "DOUBLE")
"""Figures with decimals do wherever whole ones did."""


class ColumnContract(Frozen):
    """A column that the treatment reads; `is_unique` of a key that no two rows have in common."""

    name: str
    type: str
    is_unique: bool = False


class InputContract(Frozen):
    """The columns that the treatment reads of one input, by its name there; none of files."""

    name: str
    columns: tuple[ColumnContract, ...] = ()

    def faults(self, present: "InputContract") -> Iterator[str]:
        """Yield, in French, what the data as it is now does not keep."""
        columns = {column.name: column for column in present.columns}
        if missing := [column.name for column in self.columns if column.name not in columns]:
            names = french_list([quoted(name) for name in missing])
            yield f"il n'y a plus {'la colonne' if len(missing) == 1 else 'les colonnes'} {names}"
        for column in self.columns:
            now = columns.get(column.name, column)
            if now.type != column.type and (column.type, now.type) != _WIDER:
                before, after = (_TYPES.get(name, name) for name in (column.type, now.type))
                yield f"la colonne {quoted(column.name)} est de type {after}, et non plus {before}"
            if column.is_unique and not now.is_unique:
                yield f"la clé {quoted(column.name)} se répète, une ligne n'en est plus une seule"


class DataContract(Frozen):
    """What a run read, and the share of the rows that met in each crossing, by what it makes."""

    inputs: tuple[InputContract, ...] = ()
    shares: dict[str, float] = {}

    def check_inputs(self, present: "DataContract") -> None:
        """Raise Rejected, in French, for the first input that is not what it was."""
        contracts = {contract.name: contract for contract in self.inputs}
        for now in present.inputs:
            contract = contracts.get(now.name, now)
            if faults := list(contract.faults(now)):
                raise Rejected(
                    f"les données {quoted(now.name)} ne sont plus ce que le service en attend :"
                    f" {' ; '.join(faults)}"
                )

    def check_shares(self, present: "DataContract") -> None:
        """Raise Rejected, in French, where clearly fewer rows meet in a crossing."""
        for output, share in self.shares.items():
            now = present.shares.get(output, share)
            if now < share - SHARE_MARGIN:
                raise Rejected(
                    f"au croisement {quoted(output)}, {_percent(now)} des lignes trouvent une"
                    f" correspondance, contre {_percent(share)} à la livraison du service : les"
                    " clés ne sont sans doute plus les mêmes"
                )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
