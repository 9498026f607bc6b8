"""Why holders' own code failed, in French, for everybody who sees the job.

Its process is believed in nothing but numbers of lines: a name is told only if it stands in the
code, which those who decide on it have read; the rest of what it says could be a row of the data.
"""

import builtins
import re
import signal
from collections.abc import Mapping

from shared.engine.applications.python.application import LIBRARIES
from shared.engine.running.own_code.confinement import REFUSED
from shared.engine.running.own_code.left import FILE_BYTES, MOST_COLUMNS, MOST_OUTPUTS, Failure
from shared.errors import Rejected
from shared.language.french import french_list

_FAULTS: Mapping[str, str] = {
    "nothing": "le code n'a rien rendu : run doit rendre un DataFrame, ou un dictionnaire",
    "no_run": "le code ne définit pas de fonction run(tables, parameters)",
    "rows": "le tableau rendu a plus de lignes que permis",
    "columns": f"le tableau rendu n'a pas de colonne, ou en a plus de {MOST_COLUMNS}",
    "twice": "deux colonnes du tableau rendu ont le même nom{name}, majuscules ou non",
    "outputs": f"le code a rendu plus de {MOST_OUTPUTS} objets",
    "name": "un nom de résultat{name} ne convient pas : lettres sans accent, chiffres, points, _ et"
    " - seulement, 32 au plus",
    "kind": "ce que le code a rendu{name} n'est pas d'un type gardé : rendez un DataFrame, une"
    " figure matplotlib ou altair, des octets, ou le chemin d'un fichier du dossier courant",
    "no_file": "le fichier rendu{name} n'est pas dans le dossier courant ; pour rendre un texte,"
    " rendez ses octets (.encode())",
    "bytes": f"un fichier rendu{{name}} dépasse {FILE_BYTES // 10**6} Mo",
    "no_notebook": "ce notebook n'est pas un fichier Jupyter (.ipynb) lisible",
    "dead_kernel": "le noyau du notebook s'est arrêté avant la fin",
}
"""What the code's process calls by name, see code_faults.py."""

_WHAT: Mapping[str, str] = {
    "SyntaxError": "ce n'est pas du Python valide",
    "IndentationError": "ce n'est pas du Python valide",
    "TabError": "ce n'est pas du Python valide",
    "ModuleNotFoundError": "la bibliothèque{name} n'est pas offerte ; le sont"
    f" {french_list(LIBRARIES)}",
    "KeyError": "il n'y a pas de clé ou de colonne{name}",
    "NameError": "le nom{name} n'existe pas",
    "AttributeError": "l'attribut{name} n'existe pas",
    "MemoryError": "il a besoin de plus de mémoire que permis",
    "SystemExit": "il s'est terminé (sys.exit) au lieu de rendre un résultat",
}
"""What errors mean, by their type."""

_NO_ACCESS = (
    "sans doute n'a-t-il pas trouvé ou pu écrire un fichier, ou joindre une adresse : il n'a pas de"
    " réseau, et n'écrit que dans son dossier courant et dans /tmp"
)
_OUTSIDE = frozenset(
    """BlockingIOError ConnectionError ConnectionRefusedError FileNotFoundError OSError
    PermissionError TimeoutError URLError gaierror""".split()  # noqa: SIM905 - shorter
)
_OF_LIBRARIES = frozenset(
    """ArrowInvalid ArrowTypeError BinderException CatalogException ConversionException
    ConvergenceError DuplicateLabelError EmptyDataError GEOSException InvalidIndexError
    LinAlgError MaxRowsError MergeError MissingDataError NotFittedError OutOfBoundsDatetime
    ParserError ParserException PatsyError PerfectSeparationError SchemaValidationError
    ShapelyError SpecificationError UndefinedVariableError""".split()  # noqa: SIM905 - shorter
)


IN_JOURNAL = ". La trace est à la fin de son journal"


class CodeFailed(Rejected):
    """The code of the step that makes the table `output` failed, or gave nothing that is kept.

    Its notes are what Python says of it, which may hold a value of the data.
    """

    def __init__(self, reason: str = "", output: str = "") -> None:
        super().__init__(reason)
        self.output = output

    @property
    def message(self) -> str:
        """Return what Python says of it; empty where it says nothing."""
        return "".join(getattr(self, "__notes__", ())[-1:])


class NotLoaded(Rejected):
    """Code that fails before it is given any data: nothing of these can be in what it says."""


def reason(failure: Failure | None, status: int, code: str) -> str:
    """State why the code ended with that status, and what to do; `failure` is what it reported."""
    if failure is None:
        return _of_status(status)
    name = failure.name if _stands_in(failure.name, code) else ""
    if failure.fault in _FAULTS:
        return _FAULTS[failure.fault].format(name=f" (« {name} »)" if name else "")
    kind = failure.kind if _is_known(failure.kind, code) else "Exception"
    sentence = f"le code s'est arrêté{_where(failure)} : {_what(kind, name)}"
    return f"{sentence}{IN_JOURNAL}"


def _of_status(status: int) -> str:
    if status == REFUSED:
        return "ce laboratoire ne peut pas isoler le code : il n'a pas été exécuté"
    if status > 128:  # noqa: PLR2004 - as a shell tells of signals
        try:
            name = signal.Signals(status - 128).name
        except ValueError:
            name = str(status - 128)
        return f"le processus du code a été interrompu (signal {name})"
    return f"le processus du code s'est arrêté sans rendre de résultat (code {status})"


def _where(failure: Failure) -> str:
    cell = f" cellule {failure.cell}," if failure.cell else ""
    return f"{cell} ligne {failure.line}" if failure.line else cell.rstrip(",")


def _what(kind: str, name: str) -> str:
    description = _WHAT.get(kind, "")
    if kind in _OUTSIDE:
        description = _NO_ACCESS
    named = f" « {name} »" if name else ""
    return f"{description.format(name=named)} ({kind})" if description else kind


def _is_known(kind: str, code: str) -> bool:
    return hasattr(builtins, kind) or kind in _OUTSIDE | _OF_LIBRARIES or _stands_in(kind, code)


def _stands_in(name: str, code: str) -> bool:
    """Return whether the code has that name as a whole word."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", code) is not None
