"""What the forms have by which a treatment is chosen or written, as it was sent or is saved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from services.portal.building import KEY_PARTS, Choices, choices_of
from services.portal.lab import Json, Refused
from services.portal.visit import Visit
from shared.engine.analysis.yaml_text import read_object
from shared.errors import Invalid
from shared.events import Treatment

BETWEEN = "|"
"""What stands between the parts of a key in a form."""

_LONGEST = 300_000
_UNUSABLE = 422


_MOST = 10
"""Tables that a page takes; a treatment that is written as JSON may have more."""

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


@dataclass(frozen=True)
class TreatmentForms:
    """What the forms of the page have: what was sent, else what the project's treatment is.

    `saved_from` is the id of the form whose treatment is seen beside it, and saved.
    """

    choices: Choices
    code: WrittenCode
    treatment: Json = None
    inputs: dict[str, str] = field(default_factory=dict)
    saved_from: str = "par-choix"

    @property
    def dataset_ids(self) -> set[str]:
        """The data that is chosen in them."""
        read = {**self.choices.inputs, **self.inputs}.values()
        return {*read, *dict(self.code.tables).values()}


def forms_of(visit: Visit, project: Json, treatment: Json) -> TreatmentForms:
    """Return the content of the forms; `treatment` is one that was made for this page."""
    code, form_treatment = sent_code(visit), treatment
    saved_from = "en-code" if "sql" in visit.form else "par-ecrit"
    try:
        if is_written(visit) and not form_treatment:
            form_treatment = written_treatment(visit)
        elif not (form_treatment or visit.form or set(visit.request.query_params) - {"q"}):
            form_treatment, saved_from = project["treatment"], ""
        if not form_treatment:
            return TreatmentForms(sent_choices(visit, project["territory"]), code)
        read = Treatment.model_validate(form_treatment).model_dump(mode="json")
    except (Refused, ValidationError):
        # What is wrong with it is told by who reads it.
        return TreatmentForms(Choices(), code, form_treatment, saved_from=saved_from)
    choices, code = choices_of(read), code if code.is_any else code_of(read)
    of_it = "par-choix" if choices else "en-code" if code.is_any else "par-ecrit"
    return TreatmentForms(
        choices or Choices(), code, form_treatment, read["inputs"], saved_from or of_it
    )


def sent_choices(visit: Visit, territory: Iterable[str]) -> Choices:
    """What is chosen, as it was sent or as the address has it.

    Names that several communes have are those of the project's `territory`, unless a column tells.
    """
    sent = [(name, value) for name, value in visit.form.multi_items() if isinstance(value, str)]
    asked = QueryParams(sent) if sent else visit.request.query_params
    parts = asked.get("cle", "").split(BETWEEN)
    key = dict(zip(KEY_PARTS, parts, strict=False)) if len(parts) == len(KEY_PARTS) else {}
    named = (asked.get("nomme", ""), asked.get("departement", ""))
    return Choices(
        left=asked.get("gauche", ""),
        right=asked.get("droite", ""),
        named=named,
        territory=tuple(territory) if named[0] and not named[1] else (),
        key=key,
        repeats=bool(asked.get("repetees")),
        totals=bool(asked.get("totaux")),
        kept=(asked.get("colonne", ""), asked.get("comparaison", "="), asked.get("valeur", "")),
        by=tuple(filter(None, asked.getlist("par"))),
        counts=bool(asked.get("compter")),
        sums=tuple(filter(None, asked.getlist("sommes"))),
        means=tuple(filter(None, asked.getlist("moyennes"))),
        rate=(asked.get("taux", ""), asked.get("pour", "")),
        bars=(asked.get("barres", ""), asked.get("hauteur", "")),
        coloured=(asked.get("territoire", ""), asked.get("couleur", "")),
        report=bool(asked.get("rapport")),
        title=asked.get("titre", ""),
    )


def is_written(visit: Visit) -> bool:
    """Whether the form that was sent is one in which a treatment is written."""
    return "sql" in visit.form or "treatment" in visit.form


def written_treatment(visit: Visit) -> Json:
    """The treatment that runs the SQL or Python that was written, or the one that was."""
    if "sql" in visit.form:
        return sent_code(visit).treatment
    return _read(visit.text("treatment"))


def _read(text: str) -> Json:
    """A treatment as JSON or YAML; Refused, naming the field, for anything else."""
    if len(text) > _LONGEST:
        raise Refused(_UNUSABLE, "ce texte est trop long", "treatment")
    try:
        return read_object(text)
    except Invalid as error:
        raise Refused(_UNUSABLE, str(error), "treatment") from error
