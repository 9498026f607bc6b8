"""Datasets are found by their columns: by name, by what they hold, and by their type."""

import pytest

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from shared.engine.tables.manifest import Column, ColumnDescription, Meaning, Profile
from tests.unit.catalog.samples import harvested_record, metadata, published
from tests.unit.catalog.search.catalogue import found, index_of, page

LONG = "part des résidences vacantes " + "au sens du recensement, " * 9


def said(**texts: str) -> Metadata:
    """Metadata that describes these columns."""
    columns = tuple(ColumnDescription(name=name, description=text) for name, text in texts.items())
    return metadata("Table").model_copy(update={"columns": columns})


def column(name: str, kind: str = "") -> Column:
    """A column in which that type was recognised, if any."""
    meaning = Meaning(type=kind, confidence=1, valid=1) if kind else None
    key = kind if kind in {"commune", "siret"} else None
    return Column(name=name, kind="text", filled=1, distinct=1, meaning=meaning, key=key)


def table(*columns: Column, about: Metadata | None = None) -> Dataset:
    """A published table with these columns."""
    shown = Profile(rows=1, encoding="utf-8", columns=columns)
    return published("dts_a", about or metadata("Table"), shown=shown)


def reasons(dataset: Dataset, question: str) -> list[str]:
    """Why that dataset is found, the only one there is; nothing when it is not."""
    items = page(index_of([dataset]), q=question).items
    return items[0].reasons if items else []


def test_the_column_is_named_that_has_the_word() -> None:
    """Names in one word are taken apart."""
    dataset = table(column("codeInsee"), column("nb_logements"))
    assert reasons(dataset, "logement") == ["« logement » dans la colonne « nb_logements »"]
    assert found(index_of([dataset]), "insee") == ["a"]


def test_a_column_is_found_by_what_it_holds() -> None:
    """The reason quotes that, and where it is long its beginning."""
    dataset = table(column("ht_hc"), about=said(ht_hc="part des résidences vacantes"))
    assert reasons(dataset, "résidences") == [
        "« résidences » dans la colonne « ht_hc » (part des résidences vacantes)"
    ]
    (reason,) = reasons(table(column("ht_hc"), about=said(ht_hc=LONG)), "recensement")
    assert reason.startswith("« recensement » dans la colonne « ht_hc » (part des résidences")
    assert reason.endswith(" …)")
    assert len(reason) < 160


@pytest.mark.parametrize(
    ("kind", "question", "reason"),
    [
        ("year", "année", "« année » dans la colonne « c » (année)"),
        ("naf", "NAF", "« naf » dans la colonne « c » (code NAF d'activité)"),
        ("wkt", "géométrie", "« géométrie » dans la colonne « c » (géométrie)"),
        ("siret", "SIRET", "« siret » comme clé : le numéro SIRET"),
        ("commune", "code officiel géographique", "comme clé : le code commune"),
        ("commune", "code INSEE", "comme clé : le code commune"),
    ],
)
def test_a_column_is_found_by_the_french_words_of_its_type(
    kind: str, question: str, reason: str
) -> None:
    """Whatever it is called; keys by all that theirs are called."""
    assert any(one.endswith(reason) for one in reasons(table(column("c", kind)), question))


def test_words_on_columns_that_the_table_has_not_find_nothing() -> None:
    """The column may be one that is held back; of data that is only referenced all count."""
    about = said(nom="patronyme")
    assert reasons(table(column("ht_hc"), about=about), "patronyme") == []
    referenced = Dataset(id="dts_a", owner_id="mbr_owner", metadata=about)
    referenced.harvest(harvested_record())
    assert reasons(referenced, "patronyme") == ["« patronyme » dans la colonne « nom » (patronyme)"]
