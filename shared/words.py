"""Text as people mean and read it: compared without case, accents and ligatures, and legible."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
"""The time of metropolitan France, in which people are told days and hours."""

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "OE", "Æ": "AE"})
_WORD = re.compile(r"[^\W_]+")
_SEEN = "LNPS"
"""First letters of the Unicode categories of what leaves a mark: letters, numbers, signs."""

_TITLE_OF_FILE = 60
"""Characters of a title that the name of a file has."""

_NAMES_SHOWN = 30
"""Columns that are named where none is alike."""

_NEAR, _ALIKE = 3, 0.6
_LINES = "\t\n\r"
_PLURAL = 2
_BEGINNINGS = range(2, 13)
"""How many letters of a word somebody types into a search box, as far as they count."""

_SHORTEST_WITH_PLURAL = 4
_SHORTEST_IN_AUX = 6
_STOP = frozenset(
    """a ai as au aux avec avoir c ce ceci cela ces cet cette ceux chaque comme comment d dans de
    des donc dont du elle elles en entre est et etaient etait etre eux fait faire fois font il ils
    j je l la le les leur leurs lors lui m ma mais me meme memes mes moi mon n ne ni nos notre nous
    on ont ou par parmi pas peu peut peuvent plus plusieurs pour pourquoi qu quand que quel quelle
    quelles quels qui quoi s sa sans se selon sera ses si son sont sous sur t ta te tes toi ton tous
    tout toute toutes tres tu un une vers vos votre vous y afin ainsi apres aussi autre autres avant
    chez""".split()  # noqa: SIM905 - as a list it would fill a page
)
_PLURALS = frozenset({"vacances"})
"""Words that mean another thing than their singular, as searches know it: a home's vacancy."""

_DIRECTIONS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")

ROLES = {
    "holder": "porteur de projet",
    "owner": "producteur de données",
    "reviewer": "relecteur",
    "operator": "opérateur",
    "committee": "comité de pilotage",
}
"""What callers may act as, as pages and refusals name it."""

REQUEST_STATES = {
    "requested": "en attente de réponse",
    "granted": "accordé",
    "refused": "refusé",
    "expired": "sans réponse : expiré",
    "revoked": "terminé",
}
"""The states of a request for access to data, as pages and refusals name them."""

MEMBER_KINDS = {
    "local_authority": "collectivité",
    "company": "entreprise",
    "startup": "jeune pousse",
    "laboratory": "laboratoire",
    "school": "école",
    "association": "association",
    "computing_centre": "centre de calcul",
}
"""The kinds of members."""


def fold(text: str) -> str:
    """`text` in lower case without accents and ligatures: `Été  Œuvre` -> `ete oeuvre`.

    Words are one space apart; decomposed letters, as macOS sends them, are as good as composed.
    """
    letters = unicodedata.normalize("NFKD", text).casefold().translate(_LIGATURES)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(plain.split())


def ascii_of(text: str) -> str:
    """`text` in ASCII: letters without accents and ligatures, what has no such form left out."""
    letters = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return letters.encode("ascii", "ignore").decode()


def file_name(title: str, at: datetime, ending: str) -> str:
    """The name of a file for something with that title and time; `ending` is `.csv` or so.

    `Où ? L'eau` on 20 November 2026 makes `où-l-eau-2026-11-20.csv`.
    """
    title_words = _WORD.findall(unicodedata.normalize("NFC", title).lower())
    lengths = accumulate(len(word) + 1 for word in title_words)
    fitting = sum(length <= _TITLE_OF_FILE + 1 for length in lengths)
    short = title_words[:fitting] or [word[:_TITLE_OF_FILE] for word in title_words[:1]]
    return "-".join((*short, day_in_paris(at))) + ending


def words(*texts: str) -> dict[str, str]:
    """The words of `texts`, folded, each as it was first written, in lower case."""
    written_by_word: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(unicodedata.normalize("NFC", text.casefold())):
            written_by_word.setdefault(_fold_word(word), word)
    return written_by_word


# A language has few words that are often: most of a catalogue's are among those just seen.
_fold_word = lru_cache(maxsize=20_000)(fold)


def sequence(text: str) -> list[tuple[str, str]]:
    """All words of a text but stop words, in its order: singular, and as written in lower case."""
    written = _WORD.findall(unicodedata.normalize("NFC", text.casefold()))
    folded = ((_fold_word(word), word) for word in written)
    return [(_singular(word), as_written) for word, as_written in folded if word not in _STOP]


def beginnings(*texts: str) -> list[str]:
    """What the words of these texts begin with, folded: what is typed finds them by one of these.

    See `typed`, which says what is looked for.
    """
    return sorted({word[:length] for word in words(*texts) for length in _BEGINNINGS})


def typed(text: str) -> list[str]:
    """What somebody types into a search box, as `beginnings` has it: a plural finds a singular."""
    least, most = _BEGINNINGS[0], _BEGINNINGS[-1]
    singulars = (
        word[:-1] if len(word) > _SHORTEST_WITH_PLURAL and word[-1] in "sx" else word
        for word in words(text)
    )
    return sorted({word[:most] for word in singulars if len(word) >= least})


def lexical(*texts: str) -> dict[str, str]:
    """All but stop words, by their singular, each as it was first written (in lower case)."""
    written_by_singular: dict[str, str] = {}
    for text in texts:
        for singular, written in sequence(text):
            written_by_singular.setdefault(singular, written)
    return written_by_singular


def _singular(folded: str) -> str:
    """Without the plural's s or x, of one length for both numbers: `eaux` and `eau` meet.

    What ends in -aux ends in -al: `locaux` and `local` meet.
    """
    if folded in _PLURALS:
        return folded
    if len(folded) >= _SHORTEST_IN_AUX and folded.endswith("aux") and folded[-4] not in "ey":
        return f"{folded[:-2]}l"
    long = len(folded) >= _SHORTEST_WITH_PLURAL
    return folded[:-1] if long and folded[-1] in "sx" else folded


def legible(text: str) -> str:
    """`text` as it is, if people can read it as it was written; ValueError says why not."""
    kinds = [unicodedata.category(letter) for letter in text if letter not in _LINES]
    if "Cc" in kinds:
        raise ValueError("ne doit pas contenir de caractères de contrôle")
    if text and not any(kind[0] in _SEEN for kind in kinds):
        raise ValueError("doit contenir quelque chose de visible")
    if _DIRECTIONS.search(text):
        raise ValueError("ne doit pas changer le sens de lecture")
    return text


def counted(number: int, singular: str, many: str) -> str:
    """A number and what it counts, in French, where 0 and 1 are singular: `1 ligne`, `2 lignes`."""
    return f"{number} {singular if number < _PLURAL else many}"


def grouped(number: int) -> str:
    """A number as people read it in French, its digits by threes: `22 500 000`."""
    return f"{number:,}".replace(",", "\u202f")


def french_list(items: Sequence[str]) -> str:
    """Items as a French sentence names them: `a`, `a et b`, `a, b et c`."""
    return " et ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def quoted(text: str) -> str:
    """Somebody's words within a sentence of ours: on one line, in guillemets that they cannot end.

    Whoever decides by the sentence sees where they begin and end.
    """
    inner = " ".join(text.split()).replace("«", "\u2039").replace("»", "\u203a")
    return f"« {inner} »"


def day_in_paris(at: datetime) -> str:
    """The day of a time in metropolitan France, as an ISO date."""
    return at.astimezone(PARIS).date().isoformat()


def french_date(day: str) -> str:
    """An ISO date as people write it in French: 31/12/2026."""
    return f"{date.fromisoformat(day):%d/%m/%Y}"


def french_hour(at: datetime) -> str:
    """The hour of a time in metropolitan France as people write it: 14 h 05."""
    local = at.astimezone(PARIS)
    return f"{local.hour}\u00a0h\u00a0{local.minute:02}"


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """`names`, with `_2`, `_3`... where one repeats another; case makes no difference in SQL."""
    seen = {name.lower() for name in taken}
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate.lower())
        result.append(candidate)
    return result


def near(name: str, names: Mapping[str, object], among: str = "ses colonnes") -> str:
    """A hint, in French: the names that `name` may stand for, or some of all, `among` which."""
    folded: dict[str, list[str]] = {}
    for candidate in names:
        folded.setdefault(fold(candidate), []).append(candidate)
    folded_name = fold(name)
    same = folded.get(folded_name, [])
    close = [
        candidate
        for key in get_close_matches(folded_name, folded, _NEAR, _ALIKE)
        for candidate in folded[key]
    ]
    part = [
        candidate
        for candidate in names
        if len(folded_name) > _NEAR and folded_name in fold(candidate)
    ]
    if suggestions := list(dict.fromkeys((*same, *close, *part)))[:_NEAR]:
        return f" ; vouliez-vous dire {' ou '.join(map(quoted, suggestions))} ?"
    listed = [quoted(candidate) for candidate in list(names)[:_NAMES_SHOWN]]
    return f" ({among} : {', '.join(listed)}{', …' if len(names) > _NAMES_SHOWN else ''})"


_STEP = re.compile(r"\bsteps\.(\d+)(?:\.\w+)* ?: ")


def steps_in_words(text: str) -> str:
    """A sentence of ours for people: `steps.0.sums: ...` becomes `étape 1 : ...`."""
    return _STEP.sub(lambda match: f"étape {int(match[1]) + 1} : ", text)
