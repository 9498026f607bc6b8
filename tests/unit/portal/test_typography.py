"""French typography, where texts of templates have plain spaces."""

from jinja2 import Environment

from services.portal.typography import FrenchSpaces, spaced


def test_no_line_breaks_before_double_punctuation_or_within_guillemets() -> None:
    """The spaces are the unbreakable ones of French typography, narrow before ; ! and ?."""
    text = spaced("Deux « mots » : lesquels ? Ceux-ci ; ceux-là !")
    assert text == ("Deux «\u00a0mots\u00a0»\u00a0: lesquels\u202f? Ceux-ci\u202f; ceux-là\u202f!")


def test_templates_space_their_own_texts_and_leave_those_of_people() -> None:
    """What was typed into a form comes back as it was typed."""
    environment = Environment(extensions=[FrenchSpaces], autoescape=True)
    template = environment.from_string('Titre : <input value="{{ given }}"> {{ "Vrai ?" }}')
    html = template.render(given="Quoi ?")
    assert html == 'Titre\u00a0: <input value="Quoi ?"> Vrai\u202f?'
