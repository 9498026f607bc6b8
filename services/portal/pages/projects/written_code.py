"""SQL or Python of a treatment, over tables that have their names in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.portal.lab import Json, Refused
from services.portal.visit import Visit

_MOST = 10
"""Tables that a page takes; a treatment that is written as JSON may have more."""

_UNUSABLE = 422
_FIELDS = {"query": "sql", "python": "code"}


@dataclass(frozen=True)
class WrittenCode:
    """What somebody wrote, and the datasets that it reads: the name in it, then the dataset."""

    sql: str = ""
    code: str = ""
    tables: tuple[tuple[str, str], ...] = ()

    @property
    def treatment(self) -> Json:
        """The treatment of one step that runs it; Refused, naming the field, if it cannot be."""
        if not (self.sql or self.code):
            raise Refused(_UNUSABLE, "écrivez une requête SQL, ou du Python", "sql")
        inputs = dict[str, str]()
        for number, (name, dataset_id) in enumerate(self.tables, 1):
            if name in inputs:
                raise Refused(_UNUSABLE, "une autre table porte déjà ce nom", f"nom_{number}")
            inputs[name] = dataset_id
        application = "query" if self.sql else "python"
        field = _FIELDS[application]
        step = {
            "application": application,
            "inputs": {name: name for name in inputs},
            "parameters": {field: getattr(self, field)},
            "output": "resultat",
        }
        return {"inputs": inputs, "steps": [step]}

    @property
    def is_any(self) -> bool:
        """Whether something is written, or data chosen for it."""
        return bool(self.sql or self.code or self.tables)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The tables as a form has them, and room for another."""
        more = range(len(self.tables) + 1, max(2, min(len(self.tables) + 1, _MOST)) + 1)
        return [*self.tables, *((f"table_{number}", "") for number in more)]


def sent_code(visit: Visit) -> WrittenCode:
    """What the form has."""
    return WrittenCode(visit.text("sql"), visit.text("code"), tuple(_tables(visit)))


def code_of(treatment: Json) -> WrittenCode:
    """What a treatment of one step runs; nothing where it is another one."""
    [step, *others] = treatment["steps"]
    field = _FIELDS.get(step["application"])
    names = {name: name for name in treatment["inputs"]}
    is_code = field and not others and set(step["parameters"]) == {field}
    if treatment.get("recipe") or not is_code or step["inputs"] != names:
        return WrittenCode()
    return WrittenCode(**step["parameters"], tables=tuple(treatment["inputs"].items()))


def _tables(visit: Visit) -> Iterator[tuple[str, str]]:
    for number in range(1, _MOST + 1):
        if dataset_id := visit.text(f"donnees_{number}"):
            yield visit.text(f"nom_{number}") or f"table_{number}", dataset_id
