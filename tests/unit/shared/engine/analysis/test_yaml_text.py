"""What people write is read, or refused with its line, whatever it costs others to write."""

import pytest

from shared.engine.analysis.yaml_text import read_object
from shared.errors import Invalid

LAUGHS = "a0: &a0 ha\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 12)
)


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2.5, true, null], "é": "x"}', "a: [1, 2.5, yes, ~]\né: x"]
)
def test_yaml_and_json_say_the_same(text: str) -> None:
    """As an object of JSON."""
    assert read_object(text) == {"a": [1, 2.5, True, None], "é": "x"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LAUGHS, "ligne 1 : les renvois"),
        ("a: 1\nb: &x [*x]", "ligne 2 : les renvois"),
        ("a: *x", "ligne 1 : les renvois"),
        ("a: 1\nb: " + "[" * 200, "ligne 2 : plus de 60 niveaux"),
        ("a: " + "- " * 3000 + "x", "ligne 1"),
        ("a:\n  b: " + "9" * 5000, "ligne 2 : ce nombre est trop long"),
        ("a: " + "1:" * 5000 + "1", "ligne 1 : ce nombre est trop long"),
        ("a: !!int '" + "9" * 5000 + "'", "ligne 1 : les étiquettes"),
        ("a: !!python/object/apply:os.system [ls]", "ligne 1 : les étiquettes"),
        ("a: 1\nb: 2026-01-01", "ligne 2 : une date s'écrit entre guillemets"),
        ("a: 1.0e+999", "ni du JSON ni du YAML"),
        ("commune: 01004", "« 01004 » s'écrit entre guillemets"),
        ("heure: 12:30", "« 12:30 » s'écrit entre guillemets"),
        ("a: \udcff", "ni du JSON ni du YAML"),
        ("a: -.inf", "ligne 1 : « -.inf » s'écrit"),
        ("a: 1\n\tb: 2", "ligne 2 : ce n'est ni du JSON ni du YAML"),
        ("a: \0", "ni du JSON ni du YAML"),
        ("? [a]\n: 1", "ligne 1 : ce n'est ni du JSON ni du YAML"),
        ("- a", "il faut un objet"),
        ("", "il faut un objet"),
        ("a: " + "x" * 1_000_000, "plus de 1000000 caractères"),
    ],
)
def test_what_has_no_end_or_no_word_in_json_is_refused(text: str, sentence: str) -> None:
    """In one sentence, with its line."""
    with pytest.raises(Invalid, match=sentence):
        read_object(text)
