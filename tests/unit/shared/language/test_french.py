"""What people read in French."""

import unicodedata
from datetime import UTC, datetime

import pytest

from shared.language.french import counted, duration, file_name, legible, quoted


@pytest.mark.parametrize(
    "text", ["", "\u00c0\u00a02", "a\n\tb\r\n", "co\u00adopérer", "👩\u200d🌾", "?"]
)
def test_text_that_can_be_read_is_left_alone(text: str) -> None:
    """Line ends, soft hyphens and joined emoji are part of it; nothing is no text at all."""
    assert legible(text) == text


INVISIBLE = ("\u202e", "\u200b\u200b", "\u2066 \u2069", "\u0301", "\n\t")
CONTROLS = ("\x1b", "\x07", "\x7f", "\x9b", "\0")
REORDERING = ("\u202e", "\u202a", "\u2067")
"""Unicode Technical Report 36, bidirectional spoofing."""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "de visible") for text in INVISIBLE),
        *((f"Titre {control}[31m", "caractères de contrôle") for control in CONTROLS),
        *((f"Logements {mark}vacants", "sens de lecture") for mark in REORDERING),
    ],
)
def test_text_that_is_not_read_as_it_is_written_is_refused(text: str, reason: str) -> None:
    """It would show as an empty title, terminals would obey it, or it reorders what is beside."""
    with pytest.raises(ValueError, match=reason):
        legible(text)


def test_nought_and_one_are_singular_in_french() -> None:
    """Not so in English."""
    assert [counted(number, "clé", "clés") for number in (0, 1, 2)] == ["0 clé", "1 clé", "2 clés"]


def test_words_of_others_cannot_end_their_quotation() -> None:
    """Neither by a line break nor by guillemets of their own."""
    assert quoted("a ».\nCe qui est lu : « rien") == "« a \u203a. Ce qui est lu : \u2039 rien »"


AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
"""After midnight in Paris."""


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Vacance par EPCI, 2026 !", "vacance-par-epci-2026-2026-11-21.csv"),
        ("L'eau : \u00ab où ? \u00bb", "l-eau-où-2026-11-21.csv"),
        (unicodedata.normalize("NFD", "Été"), "été-2026-11-21.csv"),
        ('../../"x"\r\n%22', "x-22-2026-11-21.csv"),
        ("…", "2026-11-21.csv"),
        ("mot " * 90, f"{'-'.join(['mot'] * 15)}-2026-11-21.csv"),
        ("x" * 90, f"{'x' * 60}-2026-11-21.csv"),
    ],
)
def test_file_is_called_by_the_title_and_day_of_what_it_is_about(title: str, name: str) -> None:
    """With accents, and nothing that a system does not take; a long title ends with a word."""
    assert file_name(title, AT, ".csv") == name


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (100_000, "27 h 46 min 40 s")],
)
def test_length_of_time_is_exact_to_the_second(seconds: float, text: str) -> None:
    """In hours, minutes and seconds, without those that are none."""
    assert duration(seconds).replace("\u00a0", " ") == text
