"""Plates, network addresses, devices and accounts are persons' where somebody was seen or met."""

import random
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from tests.integration.compute.privacy.test_screening import as_csv, kinds, screened
from tests.integration.compute.privacy.test_shapes import between, one_of

Column = Callable[[random.Random], object]
LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"


def written(pattern: str) -> Column:
    """A text in whose pattern stand `A` for letters, `9` for digits, `f` for hexadecimal ones."""
    signs = {"A": LETTERS, "9": "0123456789", "f": "0123456789abcdef"}
    return lambda chance: "".join(chance.choice(signs.get(sign, sign)) for sign in pattern)


def address(*fixed: int) -> Column:
    """An address of the network that begins so."""
    return lambda chance: ".".join(
        str(octet) for octet in [*fixed, *(chance.randint(1, 254) for _ in range(4 - len(fixed)))]
    )


MOMENT = between(10, 23, "2024-05-{} 08:15:00")
DAY = between(10, 28, "{}/05/2024")
SIV, FNI = written("AA-999-AA"), written("9999 AA 76")
KINDS: dict[str, tuple[str, dict[str, Column]]] = {
    "camera": ("plate", {"plaque": FNI, "horodatage": MOMENT, "sens": one_of("N", "S")}),
    "without hyphens": ("plate", {"vehicule": written("AA999AA"), "commune": one_of("Caen")}),
    "under no name": ("plate", {"x": SIV, "heure": between(10, 20, "{}h30")}),
    "fined": ("plate", {"Immat.": SIV, "rue": one_of("rue Pasteur"), "montant": one_of("35")}),
    "within a text": ("plate", {"vehicule": written("Clio AA-999-AA"), "lieu": one_of("quai")}),
    "six": ("ip", {"client": written("20ff:db8:ffff::ff"), "timestamp": MOMENT}),
    "four": ("ip", {"ip": address(), "pays": one_of("FR", "DE")}),
    "inside, in use": ("ip", {"poste": address(10, 1), "connexion": MOMENT}),
    "hyphens": ("mac", {"adresse_mac": written("ff-ff-ff-ff-ff-ff"), "vu_le": MOMENT}),
    "dots": ("mac", {"appareil": written("ffff.ffff.ffff"), "date": MOMENT}),
    "names": (
        "handle",
        {"instagram": one_of("@marie.dupont", "@jean_martin", "@lea76"), "n": one_of("1")},
    ),
    "pseudonyms": ("handle", {"compte": written("@fffff_99"), "abonnes": one_of("12", "90")}),
    "initials": ("initials", {"x": written("A.A."), "Né le": between(1940, 2004, "17/05/{}")}),
    "with a birth": (
        "initials",
        {"agent": between(1950, 1999, "AB ({})"), "grade": one_of("A", "B")},
    ),
}
NOBODY: dict[str, dict[str, Column]] = {
    "fleet": {"immatriculation": SIV, "service": one_of("Voirie"), "date_achat": DAY},
    "affectation": {"Immat": SIV, "Affectation": one_of("CTM"), "Mise en circulation": DAY},
    "parts": {"ref": SIV, "date_livraison": DAY, "quantite": one_of("1", "2")},
    "stock": {"designation": one_of("Vis", "Joint"), "x": SIV, "stock": one_of("3", "9")},
    "versions": {"version": address(4), "publiee_le": DAY},
    "sections": {"section": written("1.2.1.9"), "titre": one_of("a", "b")},
    "networks": {"reseau": between(1, 99, "10.1.{}.0/24"), "usage": one_of("voip")},
    "inside": {"hote": address(192, 168), "site": one_of("Caen", "Vire")},
    "inventory": {"mac": written("ff:ff:ff:ff:ff:ff"), "constructeur": one_of("HP")},
    "names": {"domaine": one_of("caen.fr"), "ip": address(), "type": one_of("A")},
    "towns": {"commune": one_of("Caen", "Vire"), "twitter": one_of("@VilleCaen", "@VireN")},
    "clubs": {"association": one_of("Judo Club", "Les Amis"), "insta": one_of("@judoclub")},
    "departures": {"depart": written("19h59"), "arret": one_of("Gare"), "commune": one_of("Caen")},
    "one departure": {"plaque": one_of("8h30"), "lieu": one_of("Gare")},
    "durations": {"x": written("9 H 39"), "date": DAY},
    "minutes": {"x": written("99mn39"), "date": DAY},
    "lengths": {"vehicule": written("19m75"), "lieu": one_of("quai", "gare")},
    "codes": {"quartier": one_of("CN", "LH"), "nombre": one_of("3", "4")},
}


def table(columns: dict[str, Column]) -> bytes:
    """Thirty rows of these columns."""
    chance = random.Random(4)
    rows = [{name: str(make(chance)) for name, make in columns.items()} for _ in range(30)]
    return as_csv(rows, **{name: name for name in columns})


@pytest.mark.parametrize(("kind", "columns"), KINDS.values(), ids=KINDS)
def test_trace_of_a_person_is_found(tmp_path: Path, kind: str, columns: dict[str, Column]) -> None:
    """In the first column, and it tells who somebody is."""
    privacy = screened(tmp_path, table(columns))
    assert privacy.verdict == "direct"
    assert kinds(privacy)[next(iter(columns))] == kind


@pytest.mark.parametrize(
    ("header", "pattern", "beside"),
    [
        ("plaque", "AA-999-AA", {"horodatage": MOMENT}),
        ("ip", "199.51.99.20", {"horodatage": MOMENT}),
        ("mac", "ff:ff:ff:ff:ff:ff", {"horodatage": MOMENT}),
        ("nir", "2700176540999", {"n": one_of("1")}),
        ("adresse", "19 rue Foch", {"revenu_fiscal": between(9000, 90000)}),
    ],
)
def test_traces_among_other_things_are_sure_under_their_name(
    tmp_path: Path, header: str, pattern: str, beside: dict[str, Column]
) -> None:
    """Where each third row says none: only the staff calls the others nobody's."""
    turns = cycle([written(pattern), written(pattern), one_of("non lu")])

    def column(chance: random.Random) -> object:
        return next(turns)(chance)

    privacy = screened(tmp_path, table({header: column, **beside}))
    (finding,) = privacy.named("direct")
    assert (finding.column, finding.is_doubtful) == (header, False)


@pytest.mark.parametrize("columns", NOBODY.values(), ids=NOBODY)
def test_same_shapes_of_things_are_nobody_s(tmp_path: Path, columns: dict[str, Column]) -> None:
    """Vehicles of a town, references, versions, equipment, accounts of organisations."""
    assert screened(tmp_path, table(columns)).findings == ()


def test_codes_of_persons_tell_rows_about_them(tmp_path: Path) -> None:
    """Under the names of such codes; they are pseudonyms, which hide in no group."""
    for at, header in enumerate(("num_etudiant", "user_id", "matricule", "Badge", "INE")):
        columns = {header: written("9999999"), "note": between(1, 20)}
        privacy = screened(tmp_path / str(at), table(columns))
        assert (privacy.verdict, privacy.subject, privacy.k) == ("quasi", "persons", None)
        assert kinds(privacy, "quasi") == {header: "identifier"}


@pytest.mark.parametrize(
    ("header", "are_persons"), [("trace_id", True), ("cycliste", True), ("bus", False)]
)
def test_where_a_device_was_and_when_is_where_somebody_was(
    tmp_path: Path, header: str, *, are_persons: bool
) -> None:
    """A bus of the town is nobody."""
    columns = {
        header: one_of("t1", "t2", "t3"),
        "heure": MOMENT,
        "latitude": written("49.18999"),
        "longitude": written("-0.36999"),
    }
    privacy = screened(tmp_path, table(columns))
    assert (privacy.subject == "persons", bool(privacy.findings)) == (are_persons, are_persons)
