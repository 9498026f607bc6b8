"""Datasets that have something in common with a project, as the index finds them."""

from services.catalog.search.search_query import ScoredTerm, with_any
from tests.unit.catalog.search.catalogue import dataset, index_of


def test_terms_add_up_and_of_a_group_the_best_counts() -> None:
    """Words count in every form, two departments as one, and what has nothing is left out."""
    retired = dataset("d", "Eaux", keys=("commune",))
    retired.retire("La source ne le publie plus.")
    index = index_of(
        [
            dataset("a", "Qualité des eaux", territory=("14", "50")),
            dataset("b", "Écoles", keys=("commune",)),
            dataset("c", "Forêts"),
            retired,
        ]
    )
    departments = [ScoredTerm("department", code, 1) for code in ("14", "50")]
    terms = [[ScoredTerm("key", "commune", 3)], [ScoredTerm("anywhere", "eau", 0.5)], departments]
    searcher = index.searcher()
    hits = searcher.search(with_any(index.schema, terms), 10).hits
    found = [(searcher.doc(address).get_first("id"), score) for score, address in hits]
    assert found == [("dts_b", 3), ("dts_a", 1.5)]
