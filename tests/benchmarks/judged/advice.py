"""How well advice fits judged projects, kind by kind: ours beside words alone.

The projects, and what fits them, are those of tests/corpora/advice; rules are tuned on one half.
Precision is the share of the first five answers that somebody would name; where nothing fits, no
answer is right. nDCG@5 counts the order, and what is missing, too (see relevance.py). `words` is
plain tantivy, with French stems, over the texts of datasets, recipes, applications and members.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tantivy

from services.catalog.datasets.model import Dataset
from services.catalog.matching.model import best_matches, traits_of
from services.catalog.matching.precedents import of_place, served_by
from services.catalog.matching.runnable_recipes import KnownRecipe, best_recipes
from services.intake.matching.guidance import advise
from services.intake.members.model import Member
from services.intake.model import Project
from shared.engine.applications import APPLICATIONS
from shared.engine.tables.manifest import Column
from shared.events import DatasetsMatched, Match, ProjectSubmitted
from shared.events.compute import RecipeInput
from tests.benchmarks.judged.halves import HALVES, parser
from tests.benchmarks.judged.relevance import datasets, ndcg, registered

CORPUS = Path(__file__).parents[2] / "corpora" / "advice"
KINDS = ("datasets", "applications", "recipes", "experts", "pilot_sites")
FIRST = 5
"""How many answers are judged."""

_HOLDER = "mbr_holder"
_PERSONS = frozenset({"nom", "prenom", "naissance", "num_assure", "num_etudiant"})
"""Names of columns that the lab would recognise by their values, which the corpus has none of."""

Entry = Mapping[str, Any]
Advice = Mapping[str, Sequence[str]]
"""Ids by kind, best first."""


def read(name: str) -> Any:
    """A file of the corpus."""
    return json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))


class Ours:
    """The advice of intake and the catalogue, beside the results of delivered projects."""

    def __init__(self, results: Sequence[Dataset] = ()) -> None:
        self._results = results
        self._datasets = [registered(dataset) for dataset in datasets()]
        self._busy = {member["id"]: member["busy"] for member in read("members")}
        self._members = [
            Member(**{key: member[key] for key in member if key != "busy"}).join()
            for member in read("members")
        ]
        self._recipes = [_recipe(entry) for entry in read("recipes")]

    def __call__(self, entry: Entry) -> Advice:
        """What a project is told."""
        columns = [_column(column) for column in entry["columns"]]
        typed = [_typed(column) for column in entry["columns"]]
        own = {"id": "own", "metadata": _METADATA, "columns": typed}
        owned = [registered(own)] if columns else []
        event = DatasetsMatched(
            project_id="prj_1",
            matches=advised(entry, self._datasets, self._results, owned),
            recipes=best_recipes(self._recipes, _texts(entry), columns),
            brought=tuple(_brought(entry)),
        )
        project = Project(id="prj_1", holder_id=_HOLDER, skills=entry["skills"], **_said(entry))
        holder = Member(id=_HOLDER, name="Porteur", **entry["holder"])
        members = [*self._members, holder]
        guidance = advise(project, event, members, lambda member_id: self._busy[member_id])
        return {
            "datasets": [match.dataset_id.removeprefix("dts_") for match in guidance.datasets],
            "applications": [application.application for application in guidance.applications],
            "recipes": [recipe.name for recipe in guidance.recipes],
            "experts": [suggestion.member_id for suggestion in guidance.experts],
            "pilot_sites": [suggestion.member_id for suggestion in guidance.pilot_sites],
        }


def advised(
    entry: Entry,
    datasets: Sequence[Dataset],
    results: Sequence[Dataset],
    own: Sequence[Dataset] = (),
) -> tuple[Match, ...]:
    """The datasets that a project is told of."""
    project = ProjectSubmitted(
        project_id="prj_1", holder_id="mbr_owner", dataset_ids=("dts_own",), **_said(entry)
    )
    served = of_place(served_by(project, results), datasets, project.territory)
    return best_matches(traits_of(project, own), datasets, served)


class Words:
    """What has most words in common with the project, by kind."""

    def __init__(self) -> None:
        members = [
            (member["id"], f"{member['name']} {' '.join(member['skills'])}")
            for member in read("members")
        ]
        self._indexes = {
            "datasets": _index(
                (dataset["id"], _about(dataset["metadata"])) for dataset in datasets()
            ),
            "applications": _index(
                (application.name, f"{application.title} {application.description}")
                for application in APPLICATIONS.values()
                if not application.automatic
            ),
            "recipes": _index(
                (recipe.id, _recipe_text(recipe)) for recipe in map(_recipe, read("recipes"))
            ),
            "experts": _index(members),
            "pilot_sites": _index(members),
        }

    def __call__(self, entry: Entry) -> Advice:
        """The first answers of each index."""
        texts = (*_texts(entry), *entry["skills"], *entry["territory"])
        return {kind: _ask(index, " ".join(texts)) for kind, index in self._indexes.items()}


CONTENDERS: dict[str, Callable[[], Callable[[Entry], Advice]]] = {"ours": Ours, "words": Words}

_METADATA = {
    "title": "Le fichier du porteur",
    "description": "Ce qu'il apporte.",
    "theme": "divers",
    "territory": [],
    "licence": "lov2",
    "access": "restricted",
}


def _said(entry: Entry) -> dict[str, Any]:
    return {key: entry[key] for key in ("title", "problem", "theme", "territory", "keywords")}


def _texts(entry: Entry) -> tuple[str, ...]:
    return (entry["title"], entry["problem"], entry["theme"], *entry["keywords"])


def _kind(entry: Entry) -> str:
    return "decimal" if entry["kind"] == "number" else str(entry["kind"])


def _typed(entry: Entry) -> dict[str, str]:
    key = {"type": entry["key"]} if entry["key"] else {}
    return {"name": entry["name"], "kind": _kind(entry), **key}


def _column(entry: Entry) -> Column:
    key = entry["key"] or None
    return Column(name=entry["name"], kind=_kind(entry), filled=9, distinct=9, key=key)


def _brought(entry: Entry) -> Iterator[str]:
    for column in entry["columns"]:
        yield from (_kind(column), column["key"])
        if column["name"] in {"latitude", "longitude"}:
            yield column["name"]
        if column["name"] in _PERSONS:
            yield "person"


def _recipe(entry: Entry) -> KnownRecipe:
    inputs = {name: RecipeInput(**recipe_input) for name, recipe_input in entry["inputs"].items()}
    return KnownRecipe(id=entry["name"], title=entry["title"], inputs=inputs, is_offered=True)


def _recipe_text(recipe: KnownRecipe) -> str:
    inputs = (
        f"{recipe_input.title} {' '.join(recipe_input.columns)}"
        for recipe_input in recipe.inputs.values()
    )
    return f"{recipe.title} {' '.join(inputs)}".replace("_", " ")


def _about(metadata: Entry) -> str:
    titles = (metadata["title"], metadata["description"], metadata["theme"])
    return " ".join((*titles, *metadata.get("keywords", ()), *metadata["territory"]))


def _index(texts: Iterable[tuple[str, str]]) -> tantivy.Index:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("text", tokenizer_name="french")
    index = tantivy.Index(builder.build())
    tokens = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    stems = tokens.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.stopword("french"))
    index.register_tokenizer("french", stems.filter(tantivy.Filter.stemmer("french")).build())
    writer = index.writer(15_000_000, 1)
    for name, text in texts:
        writer.add_document(tantivy.Document(id=name, text=text))
    writer.commit()
    index.reload()
    return index


def _ask(index: tantivy.Index, text: str) -> list[str]:
    query, _errors = index.parse_query_lenient(text, ["text"])
    searcher = index.searcher()
    return [
        str(searcher.doc(address)["id"][0]) for _, address in searcher.search(query, FIRST).hits
    ]


def precision(answers: Sequence[str], grades: Mapping[str, int]) -> float:
    """The share of the first answers that fit; of no answer, 1 where nothing fits, else 0."""
    first = answers[:FIRST]
    if not first:
        return float(not grades)
    return sum(answer in grades for answer in first) / len(first)


def gained(answers: Sequence[str], grades: Mapping[str, int]) -> float:
    """nDCG@5; 1 where nothing fits and nothing is told."""
    return ndcg(answers[:FIRST], grades) if grades else float(not answers)


def measured(
    ask: Callable[[Entry], Advice], projects: Sequence[Entry]
) -> dict[str, tuple[float, float]]:
    """Precision and gain of the advice on these projects, by kind: the means."""
    graded_advice = [(ask(project), project["grades"]) for project in projects]
    return {
        kind: (
            statistics.fmean(
                precision(advice[kind], grades[kind]) for advice, grades in graded_advice
            ),
            statistics.fmean(
                gained(advice[kind], grades[kind]) for advice, grades in graded_advice
            ),
        )
        for kind in KINDS
    }


def main(arguments: Sequence[str] = ()) -> None:
    """Print the figures of each half, or of one: `--half tuning`."""
    halves = parser().parse_args(arguments).halves or HALVES
    print(f"\nadvice: {__doc__.splitlines()[0] if __doc__ else ''}")
    asking = {name: build() for name, build in CONTENDERS.items()}
    for half in halves:
        projects = read(f"projects_{half}")
        for name, ask in asking.items():
            for kind, (right, gain) in measured(ask, projects).items():
                figures = f"precision@5 {right:.2f}   nDCG@5 {gain:.2f}"
                print(f"  {half:<9} {name:<6} {kind:<12} {figures}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
