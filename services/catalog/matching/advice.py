"""Tells a project what fits it, and what of its own plans cannot be read."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import TypeAlias

from services.catalog.access.model import ProjectAccess
from services.catalog.access.obstacles import obstacles_of
from services.catalog.access.requests import change_access
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.datasets.visibility import known_to
from services.catalog.matching.model import (
    KEY_POINTS,
    PLACE_POINTS,
    THEME_POINTS,
    WORD_POINTS,
    ProjectTraits,
    best_matches,
    brought,
    columns_of,
    traits_of,
)
from services.catalog.matching.precedents import Served, of_place, served_by
from services.catalog.matching.runnable_recipes import fitting
from services.catalog.search.finder import Finder
from services.catalog.search.search_query import ScoredTerm
from shared.background import in_turns
from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.analysis.treatment_checks import FILES, check_tables
from shared.engine.applications.cross.application import CHOICE
from shared.errors import Invalid
from shared.events import (
    Envelope,
    Obstacle,
    ProjectSubmitted,
    Treatment,
    TreatmentChanged,
    TreatmentProposed,
)
from shared.events.event import ReadingChange
from shared.store import Store

_MOST = 200
"""Candidates, many more than are told: their points are only nearly those of the match."""

_PAGE_SIZE = 25
"""Candidates that are read in one go, while which nobody else in the process has a turn."""

_MATCHING = Lock()
"""Projects are matched in turn: ten at once kept every request waiting for a second."""

Describe: TypeAlias = Callable[[Treatment, str], KnownInputs]
"""What the tables of a treatment are, and its crossings, as that member may know them."""

Change: TypeAlias = Callable[[ProjectAccess], tuple[ReadingChange, ...] | None]
"""Has a project do something else with its data; tells what of that was not reviewed."""


def _unchanged(_access: ProjectAccess) -> tuple[ReadingChange, ...]:
    return ()


def advise(
    store: Store, finder: Finder, envelope: Envelope[ProjectSubmitted], describe: Describe
) -> None:
    """Tell a new project which datasets fit it, and check those that it would read."""
    project = envelope.data
    inputs = _inputs_of(store, project.holder_id, project.treatment)
    named = {*project.dataset_ids, *inputs}
    own = list(filter(None, known_to(store, project.holder_id, named).values()))
    traits = traits_of(project, own)
    with _MATCHING:
        candidates, served = _candidates(store, finder, project, traits)
        # To compare one takes milliseconds, and there are hundreds.
        matches = best_matches(traits, in_turns(candidates, 1), served)
    columns = columns_of(traits, own)
    texts = (project.title, project.problem, project.theme, *project.keywords)
    recipes, held = fitting(store, texts, columns), brought(traits, own)
    needs = {*named, *traits.keys}
    treatment = project.treatment
    faults = _faults(treatment, project.holder_id, describe) if treatment else ()

    def decide(access: ProjectAccess) -> None:
        access.match(
            project.holder_id, project.title, matches, needs, recipes=recipes, brought=held
        )
        if treatment:
            access.tell_inputs(1, (*obstacles_of(inputs, project.holder_id), *faults), inputs)

    change_access(store, envelope, decide)


def check_inputs(
    store: Store,
    envelope: Envelope[TreatmentProposed | TreatmentChanged],
    describe: Describe,
    change: Change = _unchanged,
) -> None:
    """Check the datasets of a treatment that a project proposes, or that it `change`d to."""
    event = envelope.data
    if event.treatment is None or event.proposal is None:
        return
    inputs = _inputs_of(store, event.holder_id, event.treatment)
    own = (
        dataset for dataset in inputs.values() if dataset and dataset.owner_id == event.holder_id
    )
    needs = {*inputs, *(key for dataset in own for key in dataset.keys)}
    faults = _faults(event.treatment, event.holder_id, describe)

    def decide(access: ProjectAccess) -> None:
        access.need(needs)
        changes = change(access)
        if changes is not None and event.proposal is not None:
            obstacles = (*obstacles_of(inputs, event.holder_id), *faults)
            access.tell_inputs(event.proposal, obstacles, inputs, changes)

    change_access(store, envelope, decide)


def _candidates(
    store: Store, finder: Finder, project: ProjectSubmitted, traits: ProjectTraits
) -> tuple[list[Dataset], dict[str, Served]]:
    """The published datasets to compare a project with, and those that served a similar one.

    The catalogue is too long to read.
    """
    terms = list(_scored_terms(traits))
    results = _published(store, finder.most_alike(terms, _MOST, delivered=True))
    served = served_by(project, results)
    candidates = _published(store, (*finder.most_alike(terms, _MOST), *served))
    return candidates, of_place(served, candidates, project.territory)


def _published(store: Store, ids: Iterable[str]) -> list[Dataset]:
    datasets = in_turns(store.of(Dataset).of_ids(ids, _PAGE_SIZE), _PAGE_SIZE)
    return [dataset for dataset in datasets if dataset.state == "published"]


def _scored_terms(traits: ProjectTraits) -> Iterator[list[ScoredTerm]]:
    yield from ([ScoredTerm("key", key, KEY_POINTS)] for key in traits.keys)
    yield [ScoredTerm("theme", traits.theme, THEME_POINTS)]
    yield from ([ScoredTerm("anywhere", word, WORD_POINTS)] for word in traits.words)
    yield [ScoredTerm("department", code, PLACE_POINTS) for code in traits.departments]


def _inputs_of(store: Store, holder_id: str, treatment: Treatment | None) -> DatasetsById:
    """The datasets that a treatment reads; None for those its holder may not know of."""
    return known_to(store, holder_id, treatment.inputs.values() if treatment else ())


def _faults(treatment: Treatment, holder_id: str, describe: Describe) -> tuple[Obstacle, ...]:
    """Columns that the data of a treatment lacks, and crossings that nobody chose.

    While its holder may still mend it. What was written before there was a choice is as it was.
    """
    try:
        faults = check_tables(treatment, describe(treatment, holder_id)).faults
    except Invalid:
        # Compute says what is wrong with a treatment that can never run.
        return ()
    refusing = {
        f"steps.{number}.parameters.{CHOICE}"
        for number, step in enumerate(treatment.steps)
        if step.parameters.get(CHOICE) == "refused"
    }
    return tuple(
        Obstacle(dataset_id=fault.dataset_id, reason=_ended(f"{fault.field} : {fault.message}"))
        for fault in faults
        if fault.kind in {"unknown_column", FILES} or fault.field in refusing
    )


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."
