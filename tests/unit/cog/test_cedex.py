"""Which codes in the addresses of town halls are taken for CEDEX."""

from deploy.cog.cedex import cedex_of


def test_codes_that_are_no_ordinary_ones_are_taken_unless_they_look_mistyped() -> None:
    """One of another département is a typo; one that ends in zero is CEDEX where it says so."""
    halls = [
        ("14118", "Esplanade Jean-Marie-Louvel\n14027 Caen"),
        ("29019", "2 rue Frézier\n29238 Brest Cedex 2"),
        ("29019", "2 rue Frézier\n29240 Brest cedex 2"),
        ("29019", "2 rue Frézier\n29230 Brest"),
        ("02303", "1 rue\n21202 Fayet"),
        ("2A247", "BP 5\n20137 Porto-Vecchio cedex"),
        ("14001", "Le Bourg\n14000 Caen"),
        ("14002", ""),
    ]
    rows = [{"code": code, "type": "COM", "mairie_adresse": text} for code, text in halls]
    found = list(cedex_of(rows, frozenset({"14000"})))
    assert found == ["14027;14118", "29238;29019", "29240;29019", "20137;2A247"]
    delegated = [{"code": "14003", "type": "COMD", "mairie_adresse": "Bourg\n14027 Caen"}]
    assert list(cedex_of(delegated, frozenset())) == []
