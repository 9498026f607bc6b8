"""Which codes are taken for CEDEX, and which communes they lead to."""

from deploy.cog.cedex import Names, Use, of_list, of_town_halls, offices

TOWNS = {"14118": "Caen", "29019": "Brest", "2A247": "Porto-Vecchio", "02303": "Fayet"}
TOWNS |= {"62765": "Saint-Omer", "62757": "Saint-Martin-lez-Tatinghem", "75056": "Paris"}
NAMES = Names(TOWNS)


def of_halls(*halls: tuple[str, str], kind: str = "COM") -> list[str]:
    """The codes that are found in the addresses of communes."""
    rows = [{"code": code, "type": kind, "mairie_adresse": text} for code, text in halls]
    return [use.code for use in of_town_halls(rows, frozenset({"14000"}), NAMES)]


def test_codes_that_are_no_ordinary_ones_are_taken_unless_they_look_mistyped() -> None:
    """One of another département is a typo; one that ends in zero is CEDEX where it says so."""
    assert of_halls(
        ("14118", "Esplanade Jean-Marie-Louvel\n14027 Caen"),
        ("29019", "2 rue Frézier\n29238 Brest Cedex 2"),
        ("29019", "2 rue Frézier\n29240 Brest cedex 2"),
        ("29019", "2 rue Frézier\n29230 Brest"),
        ("02303", "1 rue\n21202 Fayet"),
        ("2A247", "BP 5\n20137 Porto-Vecchio cedex"),
        ("14001", "Le Bourg\n14000 Caen"),
        ("14002", ""),
    ) == ["14027", "29238", "29240", "20137"]
    assert of_halls(("14003", "Bourg\n14027 Caen"), kind="COMD") == []


def test_town_hall_with_the_code_of_another_town_tells_nothing() -> None:
    """Its office serves more than this commune; a label that is no commune is its own."""
    assert of_halls(("62757", "Place\n62505 Saint-Omer Cedex"), ("62757", "62505 ARC CEDEX")) == [
        "62505"
    ]


def test_code_leads_to_the_commune_of_its_label_or_to_its_only_one() -> None:
    """Of several without a name nothing is said."""
    uses = [
        *(Use("62505", "ST OMER CEDEX", "62757"), Use("62505", "ST OMER CEDEX", "62765")),
        *(Use("14200", "HEROUVILLE CEDEX", "14118"), Use("14201", "AUTRE CEDEX", "14118")),
        Use("14201", "AUTRE CEDEX", "14327"),
    ]
    assert offices(uses, NAMES) == {"14200": "14118", "62505": "62765"}


def test_public_list_tells_of_present_communes_nearby() -> None:
    """The register also has companies elsewhere, abroad and in districts of Paris."""
    pairs = [("75847", "75117"), ("75761", "99132"), ("73261", "45191"), ("73261", "73003")]
    rows = [{"cedex": code, "libelle": "X CEDEX", "insee": insee} for code, insee in pairs]
    present = {"75117": "75056", "45191": "45191", "73003": "73003"}
    told = [(use.code, use.commune) for use in of_list(rows, present)]
    assert told == [("75847", "75056"), ("73261", "73003")]
