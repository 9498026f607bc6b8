"""Tells a text that is no table: a program, a letter, a log, settings; not by its file's name.

What is cut evenly by a delimiter that no space follows is a table, whatever its cells say. Of the
rest the lines tell: most of a program's look like statements, a letter's break off in the middle of
sentences. A list of names or of sentences, one a line, is a table of one column.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import mode

from shared.errors import Rejected

_LOOK = 300
_FEWEST = 3

_EVEN = 0.9
"""Share of a table's rows that are as wide as most."""

_SPACED = 0.3
"""Share of a table's delimiters that a space follows, at most; of commas in sentences all are."""


def check_is_table(rows: Sequence[Sequence[str]], lines: Sequence[str]) -> None:
    """Raise Rejected, in French, for a text that looks like something else than a table.

    `rows` are its first lines as its delimiter cuts them, `lines` are these as they stand.
    """
    filled_lines = [line.rstrip() for line in lines[:_LOOK] if line.strip()]
    if len(filled_lines) < _FEWEST:
        return
    kind = _by_its_form(filled_lines)
    if not kind and not _is_even(rows):
        kind = _by_its_lines([line.rstrip() for line in lines[:_LOOK]])
    if kind:
        raise Rejected(
            f"ce fichier ressemble {kind}, pas à un tableau : déposez les données elles-mêmes"
            " (CSV, classeur, JSON), une ligne d'en-tête d'abord"
        )


def _is_even(rows: Sequence[Sequence[str]]) -> bool:
    """Whether nearly all rows have the same two cells or more, with no blank before a cell."""
    filled = [row for row in rows[:_LOOK] if any(cell.strip() for cell in row)]
    widths = [len(row) for row in filled]
    width = mode(widths) if widths else 0
    if width < 2 or widths.count(width) < _EVEN * len(widths):  # noqa: PLR2004 - one cell is no cut
        return False
    later = [cell for row in filled for cell in row[1:]]
    spaced = sum(cell[:1] == " " for cell in later)
    ends = sum(not row[-1].strip() for row in filled)
    is_closed = width == 2 and ends > _SPACED * len(filled)  # noqa: PLR2004 - `statement;`
    return spaced <= _SPACED * len(later) and not is_closed


_EMAIL = re.compile(
    r"(from|to|cc|subject|date|message-id|received|mime-version|return-path|reply-to|sent"
    r"|content-type|de|à|objet|envoyé) ?: .+",
    re.IGNORECASE,
)
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|ERREUR)"
_TIME = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?"
_LOG = re.compile(
    rf"\[?{_TIME}(Z|[+-]\d\d:?\d\d)?\]?\s+\S.*\b{_LEVEL}\b"
    r"|(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \S+ \S+: "
    r"|\S+ \S+ \S+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \""
    rf"|\[?{_LEVEL}\]?[ :]+\S+ "
    rf"|{_TIME} +\S+"
)
_SQL = re.compile(
    r"(INSERT INTO|CREATE (TABLE|INDEX|VIEW|DATABASE|FUNCTION)|DROP TABLE|ALTER TABLE|DELETE FROM"
    r"|UPDATE \S+ SET|SELECT\b.*\b(FROM|AS)\b|WITH \w+ AS \(|GRANT .* TO|BEGIN;|COMMIT;)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\s*(SELECT|FROM|WHERE|HAVING|VALUES|SET|UNION|WITH|AND|OR|ON|LIMIT|(GROUP|ORDER) BY"
    r"|((LEFT|RIGHT|INNER|OUTER|CROSS|FULL) )*JOIN)\b|\s*\)"
)
_LATEX = re.compile(r"\\(documentclass|begin\{document\}|usepackage)\b")
_BEGINNINGS = (
    (re.compile(r"#!\s*/|<\?php|/\*|//[ !/*]|['\"]use strict"), "à un programme"),
    (re.compile(r"%!PS"), "à un document PostScript"),
    (re.compile(r"BEGIN:VCARD$"), "à un carnet d'adresses"),
    (re.compile(r"BEGIN:VCALENDAR$"), "à un agenda"),
)


def _by_its_form(filled_lines: Sequence[str]) -> str:
    """Return what a text is by its form, even where commas cut its lines evenly."""
    start = filled_lines[0].lstrip("\ufeff").strip()
    for begins, kind in _BEGINNINGS:
        if begins.match(start):
            return kind
    if any(_LATEX.match(line.strip()) for line in filled_lines[:20]):
        return "à un document LaTeX"
    if sum(bool(_EMAIL.fullmatch(line)) for line in filled_lines[:8]) >= _FEWEST:
        return "à un courriel"
    logged = [line for line in filled_lines if _LOG.match(line)]
    if len(logged) * 2 > len(filled_lines) and not any(
        ";" in line or "\t" in line for line in logged
    ):
        return "au journal d'un programme"
    is_sql = sum(bool(_SQL.match(line.strip())) for line in filled_lines) * 2 > len(filled_lines)
    return "à un programme (SQL)" if is_sql else ""


_STATEMENT = re.compile(
    r"""\s*(?:
      (?:import|from|package|using|namespace|include|require|use)\s+[\w."'{<*\\]+.*
    | (?:library|require|source)\(.*\)
    | \#\s*(?:include|define|ifdef|endif|pragma)\b.*
    | (?:public|private|protected|static|final|abstract|async|export|default)\s+\w+.*
    | (?:def|class|func|fn|function|sub|interface|struct|trait|impl|module)\s+\w+.*[({:;]?
    | (?:const|let|var|val|local|declare|dim|set)\s+[\w${\[]+.*
    | (?:if|elif|else|for|foreach|while|switch|case|try|except|catch|finally|with|do|match)
        \b.*[:{(;)] | (?:if|for|while|until)\s.*;\s*(?:then|do)
    | (?:return|yield|raise|throw|print|echo|printf|exit|break|continue|pass)\b.*
    | (?:else|fi|done|end|esac|then|do|begin|endif|next)
    | [\w.$@\[\]'"*&>-]+\s*(?:=|<-|:=|\+=|-=|=>|->)\s*\S.*
    | [\w.$:]+\(.*\)?[;,]? | [})\]]+[;,)]*.* | .*[{(\[]$ | .*\)\s*;$ | .*['"\])\w];
    | \.\w+\(.*
    | .*(?:%>%|\|>|\\|&&|\|\|)
    | @\w[\w.]*(?:\(.*\))? | </?\w[^<>]*>.*
    | (?:"{3}|'{3}).*
    | [\w-]+\s*:\s*[^;]+;
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_CELLS = re.compile(r";[^;]*;|[^\s]\t[^\s]|\w\|\w")
"""Delimiters within a line, which statements have not."""

_COMMENT = re.compile(r"\s*(//|#(?![0-9A-Fa-f]{6}\b)|--|/\*|\*/?\s|%%|<!--)")
_STRONG = re.compile(
    r"[\w\])]\s?\([^()]*\)|\w\(|[=!<>]=|<-|=>|->|:=|[{}]|\);|\b(def|return|function|import|const"
    r"|let|var|void|int|class|public|echo|then|fi|done|esac)\b|^\s*[\w$.]+\s*\+?=\s*\S|^</?\w"
)
_HEADING = re.compile(r"#{1,6} \S|={3,}$|-{3,}$")
_MARKDOWN = re.compile(r"\s*([-*+] |\d+\. |> |```|!?\[[^\]]*\]\([^)]*\)|.*(\*\*|`)\S)")
_SECTION = re.compile(r"\[[\w .:-]+\]$")
_SETTING = re.compile(r"\s*(- )?[\w./\"'-]+ ?(=|:( |$)).*|\s*- \S.*|---|\s*[#;].*|\[[\w .:-]+\]")
_INDENTED = re.compile(r"\s+\S|---$|\[[\w .:-]+\]$|[\w.-]+:$|[A-Z][A-Z0-9_]+=")
_POLITE = re.compile(
    r"\b(madame|monsieur|mesdames|messieurs|cher|chère|chers|bonjour|dear)\b[^;\t|]{0,40},\s*$"
    r"|\b(veuillez|vous prie) d?.{0,3}(agréer|recevoir|croire)|j'ai l'honneur de|cordialement"
    r"|(sincères|respectueuses|distinguées) ?salutations|salutations (distinguées|respectueuses)"
    r"|haute considération|^\s*(objet|référence|réf\.) ?: |vous trouverez ci-joint|yours sincerely",
    re.IGNORECASE,
)
_WORDY = 4


def _by_its_lines(lines: Sequence[str]) -> str:
    """Return what a text is by most of its lines, when nothing cuts them evenly."""
    filled_lines = [line for line in lines if line.strip()]
    marks = sum(bool(_MARKDOWN.match(line)) for line in filled_lines)
    headings = sum(bool(_HEADING.match(line)) for line in filled_lines)
    if headings and marks and (headings + marks) * 4 >= len(filled_lines):
        return "à une page en Markdown"
    clauses = sum(bool(_CLAUSE.match(line)) for line in filled_lines)
    if clauses * 2 > len(filled_lines) and _SQL.match(filled_lines[0].strip()):
        return "à un programme (SQL)"
    if _is_settings(filled_lines):
        return "à la configuration d'un programme"
    if _is_program(filled_lines):
        return "à un programme"
    if sum(bool(_POLITE.search(line)) for line in filled_lines) >= 2:  # noqa: PLR2004 - one may be a value
        return "à une lettre"
    return "à un texte" if _is_prose(lines) else ""


def _is_settings(filled_lines: Sequence[str]) -> bool:
    settings = sum(bool(_SETTING.fullmatch(line)) for line in filled_lines)
    nested = sum(bool(_INDENTED.match(line)) for line in filled_lines)
    sections = any(_SECTION.match(line) for line in filled_lines)
    is_nested = sections or nested * 5 >= len(filled_lines)
    return settings >= _EVEN * len(filled_lines) and is_nested


def _is_program(filled_lines: Sequence[str]) -> bool:
    code = [line for line in filled_lines if _STATEMENT.fullmatch(line) and not _CELLS.search(line)]
    comments = sum(bool(_COMMENT.match(line)) for line in filled_lines)
    strong = sum(bool(_STRONG.search(line)) for line in code)
    return (len(code) + comments) * 2 > len(filled_lines) and strong * 4 >= len(filled_lines)


def _is_prose(lines: Sequence[str]) -> bool:
    """Whether lines of several words break off inside sentences, or are verses."""
    filled_lines = [line.strip() for line in lines if line.strip()]
    wordy = [line for line in filled_lines if len(line.split()) >= _WORDY]
    if len(wordy) * 2 < len(filled_lines):
        return False
    broken = sum(
        after[:1].islower() and not before.endswith((".", "!", "?", ":", ";"))
        for before, after in pairwise(filled_lines)
    )
    paused = sum(line.endswith((",", ";")) for line in filled_lines)
    ended = sum(line.endswith((".", "!", "?", "…", "»")) for line in filled_lines)
    apart = any(not line.strip() for line in lines[1:-1])
    is_verse = paused * 5 >= len(filled_lines) and ended * 10 >= len(filled_lines)
    is_paragraphs = apart and ended * 2 >= len(filled_lines)
    return broken * 6 >= len(filled_lines) or is_verse or is_paragraphs
