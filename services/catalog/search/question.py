"""Reads a question: its words in all forms that may be meant, and the places that it names."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from tantivy import Query, Searcher

from services.catalog.search.concepts import relation_of, telling_mentions, token_of
from services.catalog.search.french_words import sound_of, stem, stems_of
from services.catalog.search.places.areas import PlaceMention, areas_of, place_mentions
from services.catalog.search.places.gazetteer import FRANCE
from services.catalog.search.text_index import TextIndex
from shared.language.folding import fold, sequence
from shared.thesaurus import Relation

Likeness = Literal["exact", "same", "near", "begins", "typo", "same as typo", "near typo"]

ENOUGH = 20
"""With fewer hits, words that are nearly those of the question count too."""

_FORMS = 20
"""How many words of the vocabulary one word of a question may stand for, by kind."""

MEANING: dict[Relation, float] = {"same": 0.85, "near": 0.3}
"""What means the same, or goes together, by its share of a word's points."""

_MANY, _MANY_SHARE = 1000, 0.05
_BEGINS_FROM, _BEGINS_SHARE = 3, 0.12
_TYPOS = {1: (4, 0.1), 2: (8, 0.05)}
"""By wrong letters: how long a word is at least, and its share of the points.

A word itself in a column counts more than one spelled nearly so in all texts.
"""

_LONG = 6
_INSTEAD = 8
"""Where no dataset has the word itself, those nearly so count that many times more."""

_PHRASES: dict[Likeness, str] = {
    "exact": "« {written} »",
    "same": "« {word} » (même sujet que « {meant} »)",
    "near": "« {word} » (en rapport avec « {meant} »)",
    "begins": "« {word} » (commence par « {written} »)",
    "typo": "« {word} » (proche de « {written} »)",
    "same as typo": "« {word} » (même sujet que « {meant} », proche de « {written} »)",
    "near typo": "« {word} » (en rapport avec « {meant} », proche de « {written} »)",
}

_ASKING = frozenset(
    """anne annee avoir besoin chercher cherche combien connaitre data dataset dernier derniere
    disponible donnee exister existe fichier information jeu liste nombre obtenir personne pouvoir
    quantite rate savoir taux telecharger trouver trouve voir""".split()  # noqa: SIM905 - as _STOP
)
"""Words that ask rather than tell what about; they count where there are no others."""

_KINDS_OF_PLACES = frozenset(
    {"agglo", "agglomeration", "commune", "departement", "metropole", "pays", "region", "ville"}
)
"""Before the name of a place they say nothing more: in the plural they are what is looked for."""

_BETWEEN = r"[ '\u2019-](?:\w+[ '\u2019-]){0,3}?"
"""Between two words of a name: one sign, and stop words."""

_SAINTS = {"st": "saint", "ste": "sainte"}


class Form(NamedTuple):
    """A word that may be meant, what makes it so, and its share of a text's points.

    `meant` is the term of the question that another goes with; of one spelled wrong, what it was
    taken for.
    """

    word: str
    kind: Likeness
    share: float
    meant: str = ""

    def in_french(self, written: str, word: str = "") -> str:
        """What was found, for who wrote `written`; `word` where a group of terms was."""
        return _PHRASES[self.kind].format(word=word or self.word, written=written, meant=self.meant)


class Word(NamedTuple):
    """A word of a question, or the name of places, and all that may be meant.

    `forms` are by stem or group of terms, the best first. `areas` are those of datasets that serve
    who asks for these places, each with how well; where `is_place` the name means nothing else, and
    `stems` are all of its words.
    """

    written: str
    singular: str
    forms: dict[str, Form]
    stems: tuple[str, ...] = ()
    areas: dict[str, float] = {}
    is_place: bool = False


class _Token(NamedTuple):
    written: str
    singular: str
    meant: str
    forms: dict[str, Form]


def words_of(question: str, index: TextIndex) -> list[Word]:
    """The words of a question that carry meaning, as the index knows them."""
    tokens = _tokens(question, index)
    words = [_as_asked(word, question) for word in _words(tokens, index)]
    telling = [word for word in words if word.is_place or word.singular not in _ASKING]
    return telling or words


def _as_asked(word: Word, question: str) -> Word:
    """A word, and the name of a place as it was written: `pays de caux`, not `pays caux`."""
    if not word.is_place:
        return word
    name = _BETWEEN.join(map(re.escape, word.written.split(" ")))
    written = re.search(rf"\b{name}\b", unicodedata.normalize("NFC", question.casefold()))
    return word._replace(written=written[0]) if written else word


def _tokens(question: str, index: TextIndex) -> list[_Token]:
    searcher, read = index.searcher(), sequence(question)
    singulars = [_SAINTS.get(word, word) for word, _written in read]
    placed = {
        at for mention in place_mentions(singulars) for at in range(mention.start, mention.end)
    }
    tokens = []
    for at, (_word, written) in enumerate(read):
        token = _Token(written, singulars[at], singulars[at], {})
        token.forms[stem(token.singular)] = Form(written, "exact", 1)
        if at not in placed and index.frequencies[stem(token.singular)] < ENOUGH:
            token = _with_likely_words(index, searcher, token, is_last=at == len(read) - 1)
        tokens.append(token)
    _add_meanings(index, tokens)
    return tokens


def _with_likely_words(
    index: TextIndex, searcher: Searcher, token: _Token, *, is_last: bool
) -> _Token:
    """A token that few datasets have, with similar words; the last may be a beginning."""
    word, written = token.singular, index.vocabulary.written
    near = list(_near_words(index, searcher, word))
    longer = list(_longer_words(searcher, word)) if is_last else []
    is_known = word in written
    for likely_word, kind, share in near + longer:
        form = Form(written[likely_word], kind, share if is_known else share * _INSTEAD)
        token.forms.setdefault(stem(likely_word), form)
    if is_known or not near:
        return token
    return token._replace(
        meant=max((near_word for near_word, *_ in near), key=lambda w: index.frequencies[stem(w)])
    )


def _add_meanings(index: TextIndex, tokens: Sequence[_Token]) -> None:
    """Let each word of a term stand for all that means the same, or goes together with it.

    A word that very many have, or what it was taken for, tells too little for that.
    """
    many = max(_MANY, index.size * _MANY_SHARE)
    telling = [index.frequencies[stem(token.meant)] <= many for token in tokens]
    for mention in telling_mentions([token.meant for token in tokens]):
        is_several = mention.end - mention.start > 1
        for at in range(mention.start, mention.end):
            if telling[at]:
                term = mention.term.written if is_several else ""
                for group in map(token_of, mention.term.groups):
                    tokens[at].forms.setdefault(group, _related(tokens[at], group, term))


def _related(token: _Token, group: str, term: str) -> Form:
    """What goes with a term that a token is in, or alone makes up.

    With one that a token was taken for it counts less, as that one does.
    """
    guess, relation = token.forms[stem(token.meant)], relation_of(group)
    share = MEANING[relation]
    if guess.kind != "typo":
        return Form(group, relation, share, term or token.written)
    kind: Likeness = "same as typo" if relation == "same" else "near typo"
    return Form(group, kind, share * guess.share, term or guess.word)


def _words(tokens: Sequence[_Token], index: TextIndex) -> Iterator[Word]:
    places = place_mentions([token.meant for token in tokens])
    at_start = {mention.start: mention for mention in places if not _is_in_term(tokens, mention)}
    seen, at = set[str](), 0
    while at < len(tokens):
        mention, token = at_start.get(at), tokens[at]
        if mention:
            is_told = mention.start > 0 and _tells_kind(tokens[mention.start - 1])
            is_known = any(index.frequencies[form] for form in token.forms)
            may_be_word = mention.is_word and is_known and not is_told
            named = mention._replace(is_word=may_be_word)
            yield _place(tokens[mention.start : mention.end], named)
            at = mention.end
            continue
        is_before_place = at + 1 in at_start and _tells_kind(token)
        if token.singular not in seen and not is_before_place:
            seen.add(token.singular)
            yield Word(token.written, token.singular, _best_first(token.forms))
        at += 1


def _tells_kind(token: _Token) -> bool:
    return fold(token.written) in _KINDS_OF_PLACES


def _is_in_term(tokens: Sequence[_Token], mention: PlaceMention) -> bool:
    """Whether France is only part of a name: France Travail, France services."""
    return mention.places == (FRANCE,) and len(tokens[mention.start].forms) > 1


def _best_first(forms: dict[str, Form]) -> dict[str, Form]:
    return dict(sorted(forms.items(), key=lambda pair: -pair[1].share))


def _place(tokens: Sequence[_Token], mention: PlaceMention) -> Word:
    areas: dict[str, float] = {}
    for place in mention.places:
        for area, share in areas_of(place).items():
            areas[area] = max(areas.get(area, 0), share)
    written = " ".join(token.written for token in tokens)
    stems = tuple(stems_of(" ".join(token.meant for token in tokens)))
    forms = _best_first(tokens[0].forms) if mention.is_word else {}
    return Word(written, tokens[0].singular, forms, stems, areas, not mention.is_word)


def _longer_words(searcher: Searcher, word: str) -> Iterator[tuple[str, Likeness, float]]:
    if len(word) >= _BEGINS_FROM:
        for longer_word, _count in searcher.terms_with_prefix("word", word, limit=_FORMS):
            yield longer_word, "begins", _BEGINS_SHARE


def _near_words(
    index: TextIndex, searcher: Searcher, word: str
) -> Iterator[tuple[str, Likeness, float]]:
    is_known = word in index.vocabulary.written
    letters, share = _TYPOS[1]
    alike = index.vocabulary.sounding.get(sound_of(word), []) if len(word) >= letters else []
    if alike and not is_known:
        # However many letters differ: who hears a word need not have seen it.
        yield from ((near_word, "typo", share) for near_word in sorted(alike))
        return
    for distance, (letters, share) in _TYPOS.items():
        if len(word) >= letters and not word.isdigit():
            query = Query.fuzzy_term_query(index.schema, "word", word, distance)
            hits = searcher.search(query, _FORMS, count=False).hits
            near = sorted(str(searcher.doc(address)["word"][0]) for _score, address in hits)
            meant_words = [
                near_word for near_word in near if _may_be_meant(word, near_word, is_known=is_known)
            ]
            yield from ((meant_word, "typo", share) for meant_word in meant_words)
            if meant_words:
                # The word itself or one nearer than all that would follow.
                return


def _may_be_meant(word: str, other: str, *, is_known: bool) -> bool:
    """Whether somebody who wrote a word may have meant the other.

    People seldom err in the first letter; short words that differ by one letter are two words, but
    for the last of five in what is no word: `pluit` is pluie, a train no trait.
    """
    is_ending = not is_known and len(word) == _LONG - 1 and word[:-1] == other[:-1]
    is_other = len(word) == len(other) < _LONG and sorted(word) != sorted(other) and not is_ending
    return word[0] == other[0] and not is_other
