"""A draft: sections of sentences and tables, and the facts that they are written from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from services.portal.lab import Json
from services.portal.typography import spaced
from services.portal.visit import called
from shared.language.french import counted, french_date

TO_COMPLETE = "[à compléter]"
"""What stands where the lab does not know."""

_NO_BASIS = f"son propriétaire n'a déclaré aucune base légale. {TO_COMPLETE}"

WARNING = (
    "Ceci est un brouillon, écrit par le Datalab d'après ce qu'il sait du projet. Il n'engage"
    " personne : relisez-le, complétez-le, et faites-le valider par votre délégué à la protection"
    " des données."
)


class Section(NamedTuple):
    """A part of a draft: sentences, then rows of two cells."""

    title: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


class Draft(NamedTuple):
    """A paper, and what it says of itself: that it is a draft, unless it is a review's file.

    `reference` says who wrote it when, and its number.
    """

    title: str
    sections: tuple[Section, ...]
    warning: str = WARNING
    reference: str = ""

    def typeset(self) -> "Draft":
        """Return the draft with the spaces of French typography."""
        sections = [
            Section(
                spaced(section.title),
                tuple(map(spaced, section.lines)),
                tuple((spaced(name), spaced(text)) for name, text in section.rows),
            )
            for section in self.sections
        ]
        return Draft(
            spaced(self.title), tuple(sections), spaced(self.warning), spaced(self.reference)
        )


def _uses(read: Json) -> Iterator[tuple[str, str]]:
    """Yield which columns of a dataset are read, and how many are not."""
    title = f"« {read['title']} »"
    if read["columns"] is None:
        yield title, "tout : ses colonnes ne sont pas encore connues"
        return
    for column in read["columns"]:
        yield f"{title}, {column['name']}", column["why"]
    if others := read["others"]:
        yield title, f"{counted(others, 'autre colonne', 'autres colonnes')} : rien n'en est lu"


@dataclass(frozen=True)
class Facts:
    """What the services say: a project, what its treatment would do, and the members concerned.

    `preview` is empty where there is no treatment, or where it cannot run.
    """

    project: Json
    preview: Mapping[str, Json]
    members: Mapping[str, Json]

    @property
    def holder(self) -> str:
        """Who holds the project."""
        return self.name_of(self.project["holder_id"])

    @property
    def persons(self) -> tuple[str, ...]:
        """What the data tell of persons, as screening found."""
        return tuple(self.preview.get("persons", ()))

    @property
    def declared(self) -> tuple[str, ...]:
        """On which legal basis owners tell of persons, by their word: the lab checks none of it."""
        return tuple(
            f"« {note['title']} » : {note.get('basis') or _NO_BASIS}"
            for check in self.project["checks"]
            for note in check["persons"]
        )

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The columns of others' data that are read, with their owners."""
        return tuple(
            (
                f"« {request['title']} » ({self.name_of(request['owner_id'])})",
                ", ".join(request["columns"]) if request["columns"] else "toutes les colonnes",
            )
            for request in self.preview.get("asked", ())
        )

    @property
    def uses(self) -> tuple[tuple[str, str], ...]:
        """Each column that is read, of whichever dataset, and what for."""
        return tuple(chain.from_iterable(map(_uses, self.preview.get("reads", ()))))

    @property
    def result(self) -> str:
        """The columns that come out, and what a crossing tells beside them."""
        names = ", ".join(column["name"] for column in self.preview.get("columns", ()))
        crosses = any(match["step"] is not None for match in self.preview.get("matches", ()))
        report = " ; un compte rendu liste les clés sans correspondance" if crosses else ""
        return f"{names or TO_COMPLETE}{report}"

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners who are asked, each once."""
        return tuple(
            dict.fromkeys(request["owner_id"] for request in self.preview.get("asked", ()))
        )

    @property
    def checks(self) -> tuple[str, ...]:
        """What is checked before a result leaves."""
        return tuple(self.preview.get("checks", ()))

    def bound(self) -> Iterator[tuple[str, str]]:
        """Yield the terms that bind the use of granted data, by dataset."""
        for access in self.project["accesses"]:
            until = f"jusqu'au {french_date(access['until'])}" if access["until"] else ""
            terms = [access["purpose"], until, *access["conditions"]]
            text = " ; ".join(filter(None, terms))
            if text:
                yield access["title"] or access["dataset_id"], text

    @property
    def until(self) -> str:
        """Until when owners granted their data, each by its dataset; empty where none said so."""
        return " ; ".join(
            f"« {access['title'] or access['dataset_id']} » jusqu'au {french_date(access['until'])}"
            for access in self.project["accesses"]
            if access["until"]
        )

    def name_of(self, member_id: str) -> str:
        """How a member is called, with its SIREN if it has one."""
        member = self.members.get(member_id)
        siren = f", SIREN {member['siren']}" if member and member["siren"] else ""
        return f"{called(member)}{siren}"
