"""Which published datasets fit a project, and why: a pure function from both to reasons."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from services.catalog.datasets.model import Dataset
from services.catalog.licences.compatibility import compatibility_of
from services.catalog.licences.licences import LicensedInput
from services.catalog.matching.precedents import Served
from services.catalog.search.concepts import groups_in, relation_of
from services.catalog.search.french_words import meaningful
from shared.engine.places.names import in_french
from shared.engine.tables.manifest import Column
from shared.engine.tables.territory import department_of
from shared.engine.tables.type_names import key_in_french
from shared.events import Match, ProjectSubmitted
from shared.language.folding import fold, lexical, sequence
from shared.language.french import quoted
from shared.thesaurus.likeness import Rarity

BEST = 10
"""How many matches a project is told."""

KEY_POINTS = 2.0
THEME_POINTS = 2.0
PLACE_POINTS = 1.0
WORD_POINTS = 1.0
SERVED_POINTS = 2.0
"""For each key, the theme, the territory and each word in common: of a rare word, and twice that
where a title has it; and for having served a project alike."""

MOST_OF_WORDS = 6.0
"""What all words together come to at most."""

_NEAR_BEST = 0.5
"""The part of the best one's points that others need: a long list is no advice."""

_Content = tuple[str, str]


class ProjectTraits(NamedTuple):
    """What a project is compared by; `keys` maps a kind of key to the holder's table with it.

    `meanings` has a term of its for each group of the thesaurus that means the same as one.
    `contents` is what it brings: title and hash of its own datasets, however often they were sent.
    """

    holder_id: str
    dataset_ids: frozenset[str]
    contents: frozenset[_Content]
    keys: dict[str, str]
    sources: frozenset[LicensedInput]
    theme: str
    departments: frozenset[str]
    words: dict[str, str]
    meanings: dict[str, str]


def traits_of(project: ProjectSubmitted, own: Iterable[Dataset]) -> ProjectTraits:
    """Read a project and those of the datasets it names that are the holder's and read already."""
    keys: dict[str, str] = {}
    held = [dataset for dataset in own if dataset.owner_id == project.holder_id]
    for dataset in held:
        for key in dataset.keys:
            keys.setdefault(key, dataset.metadata.title)
    texts = (project.title, project.problem, *project.keywords)
    meant = meaningful(*texts)
    return ProjectTraits(
        holder_id=project.holder_id,
        dataset_ids=frozenset(project.dataset_ids).union(dataset.id for dataset in held),
        contents=frozenset(map(_content, held)),
        keys=keys,
        sources=frozenset(source for dataset in held for source in dataset.sources()),
        theme=fold(project.theme),
        departments=frozenset(map(department_of, project.territory)),
        words={stem: word for stem, word in meant.items() if not stem.isdigit()},
        meanings=_meanings(texts),
    )


def columns_of(traits: ProjectTraits, own: Iterable[Dataset]) -> tuple[Column, ...]:
    """The columns that the project brings."""
    profiles = (dataset.profile for dataset in own if dataset.id in traits.dataset_ids)
    return tuple(column for profile in profiles if profile for column in profile.columns)


def brought(traits: ProjectTraits, own: Sequence[Dataset]) -> tuple[str, ...]:
    """What the project's own columns hold: kinds, types, keys, and `person`."""
    columns = columns_of(traits, own)
    held = {column.kind for column in columns} | {column.key for column in columns if column.key}
    held |= {column.meaning.type for column in columns if column.meaning}
    privacies = (
        dataset.published.privacy
        for dataset in own
        if dataset.id in traits.dataset_ids and dataset.published
    )
    if any(privacy and privacy.verdict == "direct" for privacy in privacies):
        held.add("person")
    return tuple(sorted(held))


def best_matches(
    traits: ProjectTraits,
    published: Iterable[Dataset],
    served: Mapping[str, Served] = MappingProxyType({}),
) -> tuple[Match, ...]:
    """The datasets with at least one reason, best first, at most BEST; never the project's own.

    Of datasets with the same title and bytes the best counts, among equals the oldest. What
    `served` a project alike needs no other reason.
    """
    compared = [
        (dataset, _in_common(traits, dataset))
        for dataset in published
        if dataset.id not in traits.dataset_ids
    ]
    rarity = Rarity(common.terms for _, common in compared)
    matches = [
        (match, _content(dataset))
        for dataset, common in compared
        if (match := _match(traits, dataset, common, rarity, served.get(dataset.id)))
    ]
    matches.sort(key=lambda pair: (-pair[0].score, pair[0].title, pair[0].dataset_id))
    unique: dict[_Content, Match] = {}
    for match, content in matches:
        is_near = match.precedent or match.score >= _NEAR_BEST * matches[0][0].score
        if content not in traits.contents and is_near:
            unique.setdefault(content, match)
    return tuple(unique.values())[:BEST]


def _content(dataset: Dataset) -> _Content:
    return dataset.metadata.title, dataset.content


def _words_of(dataset: Dataset) -> dict[str, str]:
    about = dataset.metadata
    return meaningful(about.title, about.description, about.theme, *about.keywords, about.producer)


def _meanings(texts: Iterable[str]) -> dict[str, str]:
    """Groups of synonymous terms, each with the first of its terms in these texts."""
    terms_by_group: dict[str, str] = {}
    for text in texts:
        for group, term in groups_in([word for word, _written in sequence(text)]).items():
            if relation_of(group) == "same":
                terms_by_group.setdefault(group, term)
    return terms_by_group


def _alike(traits: ProjectTraits, dataset: Dataset, common: Iterable[str]) -> dict[str, str]:
    """The project's terms that the dataset names otherwise, with its names for them."""
    about = dataset.metadata
    dataset_meanings = _meanings((about.title, *about.keywords, about.description))
    shared, other_names = set(common), dict[str, str]()
    for group, term in traits.meanings.items():
        other = dataset_meanings.get(group, "")
        if not shared & (lexical(term).keys() | lexical(other).keys()):
            other_names[term] = max(other_names.get(term, ""), other, key=len)
    return {term: other for term, other in other_names.items() if other}


class _Common(NamedTuple):
    """What a project's texts have in common with a dataset's: words, and terms of one meaning.

    `titled` are those of its words that the dataset's title or keywords have.
    """

    words: dict[str, str]
    alike: dict[str, str]
    titled: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """All terms."""
        return frozenset({*self.words, *self.alike})

    def points(self, rarity: Rarity) -> float:
        """The points of the terms: those that few datasets have count most, and most in a title."""
        weighed = (rarity.of(term) * (1 + (term in self.titled)) for term in self.terms)
        return min(WORD_POINTS * sum(weighed), MOST_OF_WORDS)


def _in_common(traits: ProjectTraits, dataset: Dataset) -> _Common:
    about, dataset_words = dataset.metadata, _words_of(dataset)
    words = {stem: word for stem, word in traits.words.items() if stem in dataset_words}
    titled = meaningful(about.title, *about.keywords)
    return _Common(words, _alike(traits, dataset, words), frozenset(titled))


def _match(
    traits: ProjectTraits, dataset: Dataset, common: _Common, rarity: Rarity, served: Served | None
) -> Match | None:
    shared = [key for key in dataset.keys if key in traits.keys]
    places = sorted(traits.departments.intersection(map(department_of, dataset.metadata.territory)))
    has_theme = bool(traits.theme) and traits.theme == fold(dataset.metadata.theme)
    score = (
        KEY_POINTS * len(shared)
        + THEME_POINTS * has_theme
        + PLACE_POINTS * bool(places)
        + common.points(rarity)
        + SERVED_POINTS * bool(served)
    )
    if not (shared or has_theme or common.terms or served):
        return None
    reasons = [_key_reason(key, traits.keys[key]) for key in shared]
    if shared:
        reasons += _licence_reasons(traits.sources, dataset)
    if has_theme:
        reasons.append(f"Même thème : {dataset.metadata.theme}.")
    if places:
        reasons.append(f"Couvre votre territoire : {in_french(places)}.")
    reasons += _word_reasons(common.words.values(), common.alike)
    if served:
        reasons.append(served.reason)
    reasons += _access_reasons(dataset, traits.holder_id)
    return Match(
        dataset_id=dataset.id,
        title=dataset.metadata.title,
        score=score,
        reasons=tuple(reasons),
        shared_keys=tuple(shared),
        precedent=served.precedent if served else None,
    )


def _word_reasons(common: Collection[str], alike: dict[str, str]) -> Iterator[str]:
    if common:
        yield f"Mots en commun : {', '.join(common)}."
    if alike:
        named = (f"{quoted(term)} ({quoted(other)} ici)" for term, other in alike.items())
        yield f"Même sens : {', '.join(named)}."


def _access_reasons(dataset: Dataset, holder_id: str) -> Iterator[str]:
    """What is to be done before the holder reads the dataset."""
    if not dataset.versions:
        yield "Données chez leur producteur : à déposer ici avant de les traiter."
    deciders = dataset.deciders(holder_id)
    if len(deciders) == 1:
        yield "Accès restreint : le propriétaire devra donner son accord."
    elif deciders:
        yield "Accès restreint : chaque propriétaire devra donner son accord."


def _licence_reasons(own: frozenset[LicensedInput], dataset: Dataset) -> Iterator[str]:
    """What the dataset's licence changes for the result of a crossing with the holder's data."""
    before, after = compatibility_of(own), compatibility_of(own.union([dataset.as_source()]))
    if after.conflict and not before.conflict:
        yield f"Résultat à ne pas publier sans accord : {after.conflict.reason}."
    elif after.asks_to_share and after.licence != before.licence:
        yield f"Le résultat du croisement se publie sous {after.title} seulement."


def _key_reason(key: str, table: str) -> str:
    return f"Se croise avec vos données « {table} » sur {key_in_french(key)}."
