"""What the catalogue's pages say of licences and columns, by their names."""

from typing import Any

from services.portal.french import TYPES
from services.portal.lab import Refused
from services.portal.pages import catalogue
from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.columns.column_types import all_types
from tests.unit.portal.pages import html_of, page_of, plain
from tests.unit.portal.test_file_reading import column, version

DATASET: dict[str, Any] = {
    "id": "dts_1",
    "title": "Communes",
    "owner_id": "ville",
    "state": "published",
    "licence": "odc-odbl",
    "access": "open",
    "content": "table",
    "rows": 2,
    "may": ["download"],
    "quality": None,
}
READ = version()
READ["profile"]["columns"] = [
    {**column("c", type="siret"), "filled": 2, "distinct": 2},
    {**column("n"), "kind": "integer", "description": "Habitants", "filled": 2, "distinct": 2},
]
READ["profile"]["repairs"] = []
SECRET = Refused(404, "inconnu")
_LISTS = ("/datasets/dts_1/joins", "/datasets/dts_1/recipes", "/projects")
NOTHING: dict[str, Any] = {path: {"items": []} for path in _LISTS}


def test_dataset_names_its_licence_and_what_its_columns_hold() -> None:
    """Not their codes; what its owner says of a column stands beside."""
    answers = {"/datasets/dts_1": {**DATASET, "versions": [READ]}, **NOTHING}
    text = page_of(catalogue.show, answers, "holder", dataset_id="dts_1")
    assert "Open Database License (ODbL) 1.0" in text
    assert "c numéro SIRET" in text
    assert "n nombre entier Habitants" in text
    assert not {"odc-odbl", "siret", "integer"} & set(text.split())


def test_dataset_is_offered_to_whom_the_catalogue_gives_it() -> None:
    """Also a restricted result, to the team that made it; not what is in another catalogue only."""
    for may in ([], ["download"]):
        told = {**DATASET, "access": "restricted", "may": may, "versions": [READ]}
        html = html_of(catalogue.show, {"/datasets/dts_1": told, **NOTHING}, dataset_id="dts_1")
        assert ("/table?format=csv" in html) == bool(may)


def test_restricted_data_and_its_tables_lead_to_each_other() -> None:
    """Who finds one of them is told what the other is good for."""
    for name, is_open, words in (
        ("tables_id", True, "répond aussitôt"),
        ("tables_id", False, "aux projets à qui il l'accorde"),
        ("tables_of", False, "ce n'est pas un zéro"),
    ):
        about = {**DATASET, "versions": [READ], "has_open_tables": is_open}
        html = html_of(
            catalogue.show,
            {"/datasets/dts_1": {**about, name: "dts_2"}, **NOTHING},
            dataset_id="dts_1",
        )
        assert 'href="/catalogue/dts_2"' in html
        assert words in plain(html)


def test_dataset_leads_to_recipes_for_one_s_own_projects() -> None:
    """Those whose treatment may be chosen; others' are no places to use it."""
    recipe = {"name": "vacance", "title": "Vacance", "reason": "ce jeu a ce qu'il faut"}
    projects = [
        {"id": "prj_1", "title": "Le mien", "holder_id": "ville"},
        {"id": "prj_2", "title": "Un autre", "holder_id": "caen"},
    ]
    answers = {
        **NOTHING,
        "/datasets/dts_1": {**DATASET, "versions": [READ]},
        "/datasets/dts_1/recipes": {"items": [recipe]},
        "/projects?stage=advised": {"items": projects},
    }
    html = html_of(catalogue.show, answers, "holder", dataset_id="dts_1")
    assert 'href="/projets/prj_1/recette/vacance?avec=dts_1"' in html
    assert "prj_2" not in html


def test_filter_is_told_as_the_facet_tells_it() -> None:
    """Where nothing is found, a licence by its title."""
    fields = {"total": 1, "items": [], "facets": {"key": [{"value": "siret", "label": "SIRET"}]}}
    query = b"key=siret&licence=lov2"
    text = page_of(catalogue.search, {"/datasets": fields}, "holder", query=query)
    filters = text.partition("Filtres : ")[2]
    assert filters.startswith("Licence Ouverte 2.0")
    assert " SIRET " in filters


def test_all_types_of_columns_have_a_french_name() -> None:
    """Whatever reading recognises."""
    assert {type_name.name for type_name in all_types(load_codes())} <= TYPES.keys()


def test_files_are_told_and_taken_whole() -> None:
    """A dataset that is no table has neither rows nor formats; a result has its pictures beside."""
    archive = {**READ, "filename": "plans été.zip", "file": {"size": 9}, "files": []}
    listed = {"items": [{"name": "2024/plan.png", "size": 5}], "next": None}
    answers = {"/datasets/dts_1/files": listed, **NOTHING}
    answers["/datasets/dts_1"] = {**DATASET, "content": "files", "files": 1, "versions": [archive]}
    html = html_of(catalogue.show, answers, "holder", dataset_id="dts_1")
    assert "/catalogue/dts_1/fichier?nom=plans%20%C3%A9t%C3%A9.zip" in html
    assert "2024/plan.png" in html
    assert ("format=csv" in html, "Colonnes" in html) == (False, False)
    assert "1\N{NO-BREAK SPACE}fichier" in html
    map_ = {"name": "carte.png", "file": {"size": 9}}
    answers["/datasets/dts_1"] = {**DATASET, "versions": [{**READ, "files": [map_]}]}
    html = html_of(catalogue.show, answers, "holder", dataset_id="dts_1")
    assert ("fichier?nom=carte.png" in html, "format=csv" in html) == (True, True)


def test_delivered_result_says_which_project_and_data_it_is_made_of() -> None:
    """And what of that is gone; its pictures are shown to who may read it."""
    inputs = [
        {"dataset_id": "dts_2", "title": "Gîtes", "version": 1, "licence": "lov2"},
        {"dataset_id": "dts_3", "title": "Jeu de données supprimé", "version": 2, "licence": ""},
    ]
    gone = {"dataset_id": "dts_3", "title": "Jeu de données supprimé", "state": "deleted"}
    fields = {
        **DATASET,
        "project_id": "prj_1",
        "versions": [
            {
                **READ,
                "provenance": {"inputs": inputs, "attribution": "INSEE, 2026."},
                "files": [{"name": "carte.png", "file": {"size": 10}}],
            }
        ],
        "ended_inputs": [{**gone, "ended_at": "2026-11-20", "reason": "Plus à nous."}],
        "stale_since": "2026-11-20T05:00:00Z",
    }
    answers = {**NOTHING, "/datasets/dts_1": fields, "/projects/prj_1": {"title": "Nuitées"}}
    html, text = (
        show(catalogue.show, answers, "holder", dataset_id="dts_1") for show in (html_of, page_of)
    )
    assert 'Livré par le projet <a href="/projets/prj_1">Nuitées</a>' in html
    assert '<a href="/catalogue/dts_2">Gîtes</a>' in html
    assert "/catalogue/dts_3" not in html
    assert "n'existent plus : supprimées le 20/11/2026. Motif : Plus à nous." in text
    assert "plus à jour : ce dont il est fait a changé depuis le 20/11/2026." in text
    assert "À citer : INSEE, 2026." in text
    assert "/catalogue/dts_1/fichier?nom=carte.png" in html
    others = html_of(catalogue.show, {**answers, "/projects/prj_1": SECRET}, dataset_id="dts_1")
    assert "prj_1" not in others


CHANGES: dict[str, Any] = {
    "since": 1,
    "version": 2,
    "is_empty": False,
    "rows_before": 3,
    "rows_after": 1234,
    "added_columns": ["densité"],
    "removed_columns": [],
    "changed_kinds": [{"name": "pop", "before": "integer", "after": "decimal"}],
    "key": ["commune", "annee"],
    "added_rows": 1232,
    "removed_rows": 1,
    "changed_rows": 1,
    "moved_figures": [
        {
            "row": ["<b>Caen</b>", "2020"],
            "column": "pop",
            "before": "1234.5",
            "after": "-10",
            "change": "-1244.5",
        }
    ],
}


def difference_page(versions: int = 2, **changes: Any) -> str:
    """What a page says that a version changed."""
    kept = [{**version(number + 1), "may": ["download"]} for number in range(versions)]
    answers = {
        "/datasets/dts_1": {**DATASET, "versions": kept},
        "/datasets/dts_1/difference": {**CHANGES, **changes},
    }
    return html_of(catalogue.difference, answers, "holder", dataset_id="dts_1")


def test_what_a_version_changed_is_read_in_french() -> None:
    """Counts, columns, and figures with the rows that they stand in; texts are no markup."""
    html = difference_page()
    text = plain(html)
    assert "3 lignes avant, 1 234 lignes après" in text
    assert "1 232 lignes ajoutées, 1 ligne retirée, 1 ligne changée" in text
    assert "pop : nombre entier avant, nombre après" in text
    assert "Chaque ligne est reconnue par : commune, annee." in text
    assert "<caption>Les chiffres qui ont le plus changé</caption>" in html
    assert "<b>Caen</b> 2020 pop 1 234,5 \u221210 \u22121 244,5" in text
    assert "<form" not in html.partition("</header>")[2]
    assert '<option value="3">' in difference_page(versions=3)


def test_no_change_and_no_key_are_said_so() -> None:
    """Rather than shown as an empty table, or as rows that nobody compared."""
    same = plain(difference_page(is_empty=True, rows_after=3, moved_figures=[]))
    assert "Rien n'a changé : 3 lignes identiques." in same
    no_key = difference_page(key=[], changed_rows=None, moved_figures=[])
    assert "une ligne changée compte comme une ligne retirée et une ligne ajoutée" in plain(no_key)
    assert "<table" not in no_key


def test_page_of_data_leads_to_what_changed_where_two_versions_may_be_taken() -> None:
    """Others would be refused."""
    for may, is_offered in (([], False), (["download"], True)):
        versions = [{**READ, "number": 1, "may": may}, {**READ, "number": 2, "may": ["download"]}]
        answers = {"/datasets/dts_1": {**DATASET, "versions": versions}, **NOTHING}
        html = html_of(catalogue.show, answers, dataset_id="dts_1")
        assert ("/catalogue/dts_1/changements" in html) == is_offered
