"""Owners in a browser: data put in, persons found, requests answered, programs let in."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload

from deploy.demo.partner import Partner
from deploy.demo.story import wait
from shared.aggregate import now
from shared.language.french import file_name
from tests.chaos.lab import Lab
from tests.e2e.acting import offered
from tests.e2e.portal.conftest import Enter, Visitor

OWNER, HOLDER = "mbr_waterworks", "mbr_town"
LOST_ZEROS = "code_commune;logements\n" + "".join(f"{1001 + at};{at * 3}\n" for at in range(40))
PERSONS = "nom;courriel;telephone\n" + "".join(
    f"{name};{name.lower()}{at}@exemple.fr;06{10_000_000 + at * 137}\n"
    for at in range(20)
    for name in ("Martin", "Bernard", "Durand")
)
WATER = "code_commune;volume;abonnes\n" + "".join(
    f"{14_101 + at};{at * 371};{at + 20}\n" for at in range(60)
)
TOWNS = "code_commune;population\n" + "".join(f"{14_101 + at};{at * 37}\n" for at in range(60))


@pytest.fixture(scope="module", autouse=True)
def members(lab: Lab) -> None:
    """Who owns data, and who asks for it."""
    operator = lab.client("operator", "operator")
    for member_id, name, kind in (
        (OWNER, "Syndicat des eaux", "association"),
        (HOLDER, "Ville", "local_authority"),
    ):
        body = {"member_id": member_id, "name": name, "kind": kind}
        operator.post("intake", "/members", body)


def file_of(text: str) -> FilePayload:
    """A file to choose in a form."""
    return {"name": "t.csv", "mimeType": "text/csv", "buffer": text.encode()}


def put_in(owner: Visitor, title: str, text: str) -> str:
    """Fill the form and send it; the path of the dataset's page."""
    page = owner.go("/donnees/nouveau")
    page.set_input_files("#file", file_of(text))
    page.fill("#title", title)
    page.fill("#theme", "eau")
    page.select_option("#access", "restricted")
    owner.press("main button:has-text('Déposer')")
    return "/donnees/" + page.url.rpartition("/")[2]


def test_a_file_is_put_in_read_and_mended(enter: Enter) -> None:
    """The page follows by itself how far it is; without scripts one loads it again."""
    owner = enter(OWNER, "owner")
    put_in(owner, "Logements", LOST_ZEROS)
    owner.page.wait_for_selector("#etat", state="detached")
    assert "code commune" in owner.page.locator("#reconnu + div").inner_text()
    owner.press("button:has-text('Réparer')")
    owner.page.wait_for_selector("#etat", state="detached")
    assert "Réparé à votre demande" in owner.page.locator("#versions + ol").inner_text()
    assert owner.page.locator("button:has-text('Réparer')").count() == 0
    assert owner.console_lines == []


def test_a_fault_is_told_at_its_field_and_leaves_the_others(enter: Enter) -> None:
    """Nothing is put in, and what was typed stays."""
    owner = enter(OWNER, "owner")
    page = owner.go("/donnees/nouveau")
    page.set_input_files("#file", file_of("a;b\n1;2\n"))
    page.fill("#title", "Une « virgule » : rien de plus")
    page.fill("#theme", "eau")
    page.fill("#sheet", "EPCI")
    page.fill("#territory", "14, nulle part")
    owner.press("main button:has-text('Déposer')")
    assert "nulle part" in page.locator("#territory-fault").inner_text()
    assert page.input_value("#title") == "Une « virgule » : rien de plus"
    assert page.input_value("#sheet") == "EPCI"


def test_data_on_persons_waits_for_its_owner(enter: Enter) -> None:
    """It says which columns name persons; on a legal basis it is published."""
    owner = enter(OWNER, "owner", scripts=False)
    path = put_in(owner, "Inscrits", PERSONS)
    page = owner.until(path, "#retenu")
    assert "« courriel » (adresse électronique)" in page.locator("main").inner_text().replace(
        "\u00a0", " "
    )
    page.click("summary:has-text('Ce sont des données personnelles')")
    page.select_option("#basis", "public_task")
    page.fill("#purpose", "Inscrire les habitants")
    owner.press("text=Publier sur cette base")
    assert page.locator("#retenu").count() == 0
    assert "mission d'intérêt public" in page.locator("main").inner_text()


@pytest.fixture(scope="module")
def tables(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The ids of the water, which is restricted, and of the towns."""
    owner, folder = lab.client(OWNER, "owner"), tmp_path_factory.mktemp("tables")
    ids = []
    for title, text, access in (("Eau", WATER, "restricted"), ("Communes", TOWNS, "open")):
        file = folder / "t.csv"
        file.write_text(text)
        about = {"title": title, "theme": "eau", "licence": "lov2", "access": access}
        ids.append(offered(owner, about, file))
    return ids


def asked(lab: Lab, water: str, towns: str) -> str:
    """Have a project ask to read the water; the project's id."""
    holder, staff = lab.client(HOLDER, "holder"), lab.client("lab", "operator", "reviewer")
    about = {"title": "Sobriété", "problem": "Où agir ?", "theme": "eau", "territory": ["14"]}
    project_id = str(holder.post("intake", "/projects", about)["id"])
    path = f"/projects/{project_id}"
    cross: dict[str, Any] = {
        "application": "cross",
        "inputs": {"left": "towns", "right": "water"},
        "parameters": {"left_key": "code_commune", "right_key": "code_commune"},
        "output": "met",
    }
    total = {
        "application": "aggregate",
        "inputs": {"table": "met"},
        "parameters": {"by": ["code_commune"], "sums": ["volume", "abonnes"]},
        "output": "total",
    }
    inputs = {"towns": towns, "water": water}
    wait("advised", lambda: holder.get("intake", path)["stage"] == "advised")
    holder.post("intake", f"{path}/treatment", {"inputs": inputs, "steps": [cross, total]})
    wait("checked", lambda: len(holder.get("intake", path)["checks"]) > 1)
    version = holder.get("intake", path)["version"]
    secured = {"decision": "secure", "reason": "Licences vérifiées.", "version": version}
    staff.post("intake", f"{path}/review", secured)
    return project_id


def test_an_owner_grants_a_part_of_what_was_shown_and_takes_it_back(
    enter: Enter, lab: Lab, tables: list[str]
) -> None:
    """The page says what is read; conditions and reasons stay as written.

    The holder presses a button to go on without the column that is refused.
    """
    owner, project_id = enter(OWNER, "owner"), asked(lab, *tables)
    request, project = f"/demandes/{project_id}.{tables[0]}", f"/projets/{project_id}"
    page = owner.until(request, "input[name=columns]")
    assert page.locator("#demande + ul").inner_text()
    assert page.locator("a[href^='/projets/prj']").count() == 0, "the project is not its to see"
    page.uncheck("input[name=columns][value=abonnes]")
    page.fill("#until", "2020-01-01")
    owner.press("button[value=grant]")
    assert page.locator("#until-fault").count() == 1
    page.uncheck("input[name=columns][value=abonnes]")
    page.fill("#until", "2199-12-31")
    page.fill("#conditions", "Citer la régie.")
    owner.press("button[value=grant]")
    assert "Citer la régie." in page.locator("#accorde + ul").inner_text()

    holder = enter(HOLDER, "holder", "owner")
    holder.until(project, "button:has-text('Continuer sans les colonnes refusées')")
    assert "abonnes" in holder.page.locator("#acces ~ ul").inner_text()
    holder.press("button:has-text('Continuer sans les colonnes refusées')")
    holder.until(project, "#acces ~ ul:not(:has-text('en partie')):not(:has-text('attente'))")
    assert "refusé" not in holder.page.locator("#acces ~ ul").inner_text()
    assert holder.page.locator("button:has-text('Continuer sans')").count() == 0

    page = owner.go(request)
    assert "Le reste ne l'est pas" in page.locator("main").inner_text()
    page.click("summary:has-text('Retirer')")
    page.fill("#reason", "Chiffres provisoires.")
    owner.press("button[value=revoke]")
    assert "Chiffres provisoires." in page.locator("main").inner_text()


def test_a_table_is_saved_and_never_shown(enter: Enter, tables: list[str]) -> None:
    """In the formats that the catalogue makes."""
    owner, path = enter(OWNER, "owner"), f"/catalogue/{tables[0]}"
    page = owner.go(path)
    for kind in ("csv", "xlsx", "parquet"):
        with page.expect_download() as saved:
            page.click(f"a[href$='format={kind}']")
        assert saved.value.suggested_filename == file_name("Eau", now(), f".{kind}")
    csv = page.context.request.get(f"{owner.url}{path}/table")
    assert csv.headers["content-disposition"].startswith("attachment")
    assert Path(saved.value.path()).read_bytes()[:4] == b"PAR1"


def test_a_key_is_told_once_and_ends(enter: Enter) -> None:
    """Its text is on one page that no browser keeps."""
    owner = enter(OWNER, "owner")
    page = owner.go("/compte")
    page.fill("#name", "tableau de bord")
    with page.expect_response("**/compte/cles") as event_info:
        owner.press("text=Faire la clé")
    assert event_info.value.headers["cache-control"] == "no-store"
    text = page.input_value("#text")
    assert text.startswith("key_")
    assert text not in owner.go("/compte").content()
    owner.press("tr:has-text('tableau de bord') button")
    assert "révoquée" in page.locator("tr:has-text('tableau de bord')").inner_text()


def test_a_program_is_called_until_its_member_ends_it(enter: Enter, receiver: Partner) -> None:
    """What was sent to it is listed, and sent again by a button."""
    owner = enter(OWNER, "owner")
    page = owner.go("/partenaires")
    page.fill("#url", f"http://127.0.0.1:{receiver.port}/owner")
    owner.press("main button:has-text('Ajouter')")
    assert page.locator("#event_types-fault").count() == 1
    page.check("[value='dataset_*']")
    owner.press("main button:has-text('Ajouter')")
    assert page.input_value("#secret").startswith("whsec_")
    owner.press("text=Continuer")
    endpoint = "/partenaires/" + page.url.rpartition("/")[2]
    put_in(owner, "Annoncé", TOWNS)
    owner.until(endpoint, "td button")
    owner.press("td button >> nth=0")
    assert "L'envoi est refait." in page.locator("main").inner_text()
    owner.press("button:has-text('Désactiver')")
    page.click("summary:has-text('Supprimer')")
    owner.press("details button:has-text('Supprimer')")
    assert page.locator(f"a[href='{endpoint}']").count() == 0
