"""What a job did, in French sentences: lines of its log, which the service dates.

Where others' restricted data go in, no line has a number or a word of them: a log is an output,
and nothing checks it before it is read.
"""

import json
from collections.abc import Iterable, Iterator

from shared.engine.applications import APPLICATIONS
from shared.engine.contract.result import Report
from shared.engine.contract.work import Work
from shared.engine.tables.manifest import INVENTED, Input, Meaning
from shared.engine.tables.type_names import others_told
from shared.events.event import JobKind, Step
from shared.language.french import counted, french_date, quoted

LONGEST = 800
"""Characters of a sentence: the service reads lines of 4096 bytes."""

_PROTECTED = (
    "des données restreintes d'autres membres entrent dans ce traitement : son journal ne donne"
    " aucun nombre"
)


def note(sentence: str) -> None:
    """Write a sentence into the log."""
    text = sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 1]}…"
    print(json.dumps({"log": " ".join(text.split())}), flush=True)  # noqa: T201 - the sandbox listens


def note_inputs(work: Work) -> None:
    """Say what a treatment reads, and of what it is told no more."""
    if work.protected:
        note(_PROTECTED)
    if work.invented:
        note(INVENTED)
    for source in work.sources:
        note(f"lit {quoted(source.name)} : {_described(source)}")


def note_step(work: Work, number: int, step: Step, report: Report) -> None:
    """Say what a step did: rows in and out, what it left out, crosswalks, a trial's sample."""
    application = APPLICATIONS[step.application]
    what = f"étape {number + 1}, {application.title} → {quoted(step.output)}"
    if work.protected or not report.get("summary"):
        note(f"{what} : faite")
        return
    note(f"{what} : {report['summary']}")
    if sample := report.get("sample"):
        rows = counted(sample["rows"], "ligne", "lignes")
        note(f"essai sur {rows} de {sample['of']}, {sample['how']}")


def note_reused(number: int, step: Step, day: str) -> None:
    """Say that a step was not done, as it would have made what an earlier job had made."""
    title = APPLICATIONS[step.application].title
    what = f"étape {number + 1}, {title} → {quoted(step.output)}"
    note(f"{what} : reprise du {french_date(day)} (calcul identique)")


def note_result(work: Work, rows: int, columns: int, warning: str) -> None:
    """Say how large the result is, and what was found in it about persons."""
    if work.protected:
        note("résultat écrit ; ce qui en sort est vérifié")
        return
    size = f"{counted(rows, 'ligne', 'lignes')}, {counted(columns, 'colonne', 'colonnes')}"
    note(f"résultat écrit : {size}")
    if not work.invented:
        note(warning or "aucune donnée personnelle n'y est reconnue")


def note_report(kind: JobKind, report: Report) -> None:
    """Say what was read of an uploaded file or another catalogue's page, or which tables made."""
    for sentence in {"ingest": _of_file, "harvest": _of_page, "protect": _of_tables}[kind](report):
        note(sentence)


def _of_tables(report: Report) -> Iterator[str]:
    yield str(report["summary"])


def _of_file(profile: Report) -> Iterator[str]:
    if files := profile.get("files"):
        yield f"{counted(files['count'], 'fichier gardé tel quel', 'fichiers gardés tels quels')}"
        yield from (str(repair["message"]) for repair in profile["repairs"])
        yield "ce qu'ils disent de personnes n'est pas examiné : leur propriétaire le déclare"
        return
    columns = profile.get("columns", ())
    delimiter = profile.get("delimiter")
    read = [profile.get("format", ""), profile.get("encoding", "")]
    read += [f"séparateur {quoted(delimiter)}"] if delimiter and delimiter.strip() else []
    size = f"{counted(profile['rows'], 'ligne', 'lignes')}, "
    size += counted(len(columns), "colonne", "colonnes")
    yield f"fichier lu ({', '.join(filter(None, read))}) : {size}"
    for part in ("repairs", "totals", "likely_totals"):
        yield from (str(remark["message"]) for remark in profile.get(part, ()))
    yield from _of_codes(columns)
    privacy = profile.get("privacy") or {}
    if privacy.get("verdict", "none") == "none":
        yield "aucune donnée personnelle n'y est reconnue"
    else:
        yield "des données personnelles y sont reconnues : le profil dit lesquelles"


def _of_codes(columns: Iterable[Report]) -> Iterator[str]:
    """Yield how many rows of each column of codes have another value, but not the values."""
    for column in columns:
        meaning = {**(column["meaning"] or {}), "invalid": (), "invalid_at": ()}
        if column["meaning"] and (others := others_told(Meaning.model_validate(meaning))):
            yield f"colonne {quoted(column['name'])} : {others}"


def _of_page(page: Report) -> Iterator[str]:
    read = counted(page["read"], "jeu de données décrit", "jeux de données décrits")
    refused = counted(page["refused"], "refusé", "refusés")
    yield f"page lue ({page['format']}) : {read}, {refused}"


def _described(source: Input) -> str:
    """Return title, version and terms of a dataset that is read."""
    parts = [f"{quoted(source.title or source.dataset_id)}, version {source.version}"]
    if source.is_invented:
        return f"{parts[0]}, lignes inventées"
    if source.licence:
        parts.append(f"licence {source.licence}")
    if source.columns is not None:
        parts.append(counted(len(source.columns), "colonne accordée", "colonnes accordées"))
    if source.until:
        parts.append(f"accès jusqu'au {source.until}")
    return ", ".join(parts)
