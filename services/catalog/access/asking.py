"""What the owners of a dataset are asked: a project, its treatment, what it reads and shows.

The French sentences are made from these facts and kept as they were seen: a consent names their
fingerprint.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from textwrap import shorten
from types import MappingProxyType
from typing import Self

from services.catalog.access.grants import Asked, Bound
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.decisions.fingerprint import fingerprint_of
from services.catalog.licences.compatibility import Compatibility, compatibility_of
from shared.engine.analysis import lineage
from shared.engine.analysis.answers import answers_of
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.applications.effect import FIGURES
from shared.engine.applications.own_code import OwnCode, own_code
from shared.engine.contract.policy import COUNT, MadeTables, in_french
from shared.engine.tables.crosswalks import CROSSWALKS
from shared.errors import Invalid
from shared.events import Party, ProjectSecured, TreatmentChanged
from shared.events.event import Frozen, Treatment
from shared.language.french import counted, french_list, quoted
from shared.language.labels import MEMBER_KINDS

_SCOPE = (
    "L'essai du traitement porte sur des lignes inventées : il ne lit rien de ces données. Votre"
    " accord est pour le traitement complet, une fois l'équipe du projet formée ; un relecteur du"
    " Datalab décide de ce qui sort de son résultat."
)
_SCOPE_OF_TABLES = (
    "Le traitement ne lit que les tableaux protégés que vous avez relus, à la place de vos"
    " données : l'essai comme le traitement complet. Aucun relecteur ne décide de ce qui en sort."
    " L'accord pour ce traitement ne vaut pas pour les lignes elles-mêmes."
)
_SCOPE_OF_FILES = (
    "D'abord un essai, qui lit les fichiers. Puis, si l'essai est concluant et l'équipe du projet"
    " formée, le traitement complet."
)
_READERS = (
    "Verront le résultat : le porteur, les membres qui auront accepté d'être de l'équipe, et les"
    " agents du Datalab. Livré, il reste à accès restreint tant que vous ne l'ouvrez pas."
)
_AS_THEY_ARE = (
    "Les autres jeux du traitement y entrent tels qu'ils sont aujourd'hui : une autre version de"
    " l'un d'eux vous serait soumise de nouveau."
)
_ALWAYS = (
    "Sort aussi, de tout traitement : combien de lignes a le résultat et, dans le compte rendu de"
    " chaque étape, combien y entrent et en restent ; d'un croisement, combien n'y rencontrent rien"
    " et leurs clés."
)
"""What is said of every treatment is no part of what its request differs by."""

_COLUMNS = "toutes ses colonnes"
_FILES = "tous ses fichiers, tels quels ; l'accord porte sur le jeu entier, il n'a pas de colonnes"
_LONGEST = 160
"""Characters of what a column holds that are shown."""

_UNTIL = "Jusqu'à la fin du projet, sauf si vous fixez un dernier jour."


class ProjectFacts(Frozen):
    """What a project says it does, why, and for whom; `proposal` is its treatment's number."""

    proposal: int = 0
    treatment: Treatment
    holder_id: str
    holder: Party = Party()
    title: str = ""
    problem: str = ""
    conditions: tuple[str, ...] = ()

    @classmethod
    def of(cls, event: ProjectSecured | TreatmentChanged) -> Self | None:
        """The facts that the event carries; None for an event from before events had them."""
        if event.treatment is None:
            return None
        return cls(
            proposal=event.proposal or 0,
            treatment=event.treatment,
            holder_id=event.holder_id,
            holder=event.holder or Party(),
            title=event.title,
            problem=event.problem,
            conditions=event.conditions,
        )

    @property
    def reads(self) -> tuple[str, ...]:
        """The ids of the datasets that the treatment reads."""
        return tuple(self.treatment.inputs.values())

    @property
    def who(self) -> str:
        """Who asks, in French."""
        if not self.holder.name:
            return f"le membre {self.holder_id}, que le registre du Datalab ne connaît pas"
        kind = MEMBER_KINDS.get(self.holder.kind, self.holder.kind)
        siren = f", SIREN {self.holder.siren}" if self.holder.siren else ", sans SIREN connu"
        return f"{quoted(self.holder.name)} ({kind}{siren})"


def columns_of(datasets: DatasetsById) -> dict[str, tuple[str, ...] | None]:
    """The columns of each dataset; None where they are unknown."""
    return {
        dataset_id: tuple(column.name for column in dataset.profile.columns)
        if dataset and dataset.profile and dataset.metadata.content == "table"
        else None
        for dataset_id, dataset in datasets.items()
    }


def known_by_tables(dataset: Dataset) -> KnownTable:
    """What everybody may know of restricted data, with the tables that answer for it, if any do."""
    if dataset.profile is None:
        return KnownTable(dataset_id=dataset.id)
    table = KnownTable.of(dataset.profile.without_values(), dataset_id=dataset.id)
    return table.without_counts().model_copy(update={"facts": dataset.answering_tables})


def method_of(tables: MadeTables) -> str:
    """What is said of figures that protected tables answer, in French."""
    estimated = (
        " Une médiane ou un quantile y est estimé : sa vraie valeur est dans la même classe."
        if any(dimension.bounds for dimension in tables.policy.dimensions)
        else ""
    )
    if not tables.policy.is_noisy:
        return (
            "Chiffres des tableaux protégés de ces données : exacts ; une case vide porte sur trop"
            f" peu d'unités, ou révélerait une telle case, et n'a pas de rang.{estimated}"
        )
    least = in_french(tables.half_widths[COUNT][0])
    return (
        "Chiffres des tableaux protégés de ces données : toutes les cases, un peu fausses, par un"
        f" bruit tiré au hasard ; « 340 » se lit « environ 340, ± {least} » ou plus. Dans 95 % des"
        f" cas, un chiffre d'une case est juste : {tables.accuracy}. Une somme de cases l'est moins"
        f" que chacune d'elles ; une valeur absente compte pour 0.{estimated}"
    )


def is_answered(
    treatment: Treatment, dataset: Dataset, datasets: DatasetsById, holder_id: str
) -> bool:
    """Whether protected tables do for a treatment, which reads these `datasets`, and that one.

    It is decided by form: by the treatment, the columns, and what owners let be shown. Whom they
    let read the tables is another question.
    """
    if dataset.answering_tables is None or dataset.id not in treatment.inputs.values():
        return False
    tables = [_known(*entry, holder_id) for entry in {**datasets, dataset.id: dataset}.items()]
    try:
        answer = answers_of(treatment, KnownInputs(tables=tuple(tables))).get(dataset.id)
    except Invalid:
        return False
    return isinstance(answer, tuple)


def _known(dataset_id: str, dataset: Dataset | None, holder_id: str) -> KnownTable:
    """A dataset of a treatment: of others' restricted data with tables, else its columns alone."""
    if dataset and dataset.deciders(holder_id):
        return known_by_tables(dataset)
    names = columns_of({dataset_id: dataset})[dataset_id]
    columns = None if names is None else tuple(KnownColumn(name=name) for name in names)
    return KnownTable(dataset_id=dataset_id, columns=columns)


def bound_of(
    treatment: Treatment, dataset_id: str, datasets: DatasetsById, holder_id: str
) -> Bound:
    """What the treatment reads of that dataset, and beside what; everything, if unknown."""
    others = {
        other_id: data for other_id, data in datasets.items() if data and other_id != dataset_id
    }
    contents = tuple(f"{other_id}:{data.content}" for other_id, data in sorted(others.items()))
    try:
        reading = lineage.readings_of(treatment, columns_of(datasets))[dataset_id]
    except (Invalid, KeyError):
        reading = lineage.Reading(columns=None)
    dataset = datasets.get(dataset_id)
    by_tables = dataset is not None and is_answered(treatment, dataset, datasets, holder_id)
    return Bound(reading=reading, contents=contents, by_tables=by_tables)


def ask(facts: ProjectFacts, dataset_id: str, datasets: DatasetsById) -> Asked:
    """What the owners of that dataset are asked; `datasets` are all that the treatment reads.

    What its columns are said to hold is shown, and no part of the fingerprint: who describes a
    column asks for nothing else.
    """
    bound = bound_of(facts.treatment, dataset_id, datasets, facts.holder_id)
    request = _Request(facts, dataset_id, datasets, bound)
    sentences = tuple(request.sentences())
    licence, privacy = _licence(datasets), _privacy(datasets[dataset_id])
    # Where it comes from is not asked for: only what it does.
    asked = facts.treatment.model_dump_json(exclude={"recipe"})
    seen = (asked, bound.model_dump_json(exclude={"by_tables"}), *sentences)
    return Asked(
        bound=bound,
        sentences=(*request.sentences(_texts_of(datasets[dataset_id])), *request.always()),
        licence=licence,
        privacy=privacy,
        fingerprint=fingerprint_of(*seen, licence, privacy),
    )


def sentences_of_use(facts: ProjectFacts, dataset_id: str, datasets: DatasetsById) -> Iterator[str]:
    """What is read of a dataset, with what it is crossed and what comes out, in French."""
    bound = bound_of(facts.treatment, dataset_id, datasets, facts.holder_id)
    return _Request(facts, dataset_id, datasets, bound).of_use({})


class _Request:
    """The sentences of one request."""

    def __init__(
        self, facts: ProjectFacts, dataset_id: str, datasets: DatasetsById, bound: Bound
    ) -> None:
        self._facts, self._id, self._datasets = facts, dataset_id, datasets
        self._reading, dataset = bound.reading, datasets[dataset_id]
        self._is_files = dataset is not None and dataset.metadata.content == "files"
        self._scope = _SCOPE_OF_FILES if self._is_files else _SCOPE
        if bound.by_tables:
            self._scope = _SCOPE_OF_TABLES

    def sentences(self, texts: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
        """The sentences on who asks, why, what is read and crossed, what comes out, how long.

        `texts` says of columns, by name, what they hold.
        """
        yield f"Qui demande : {self._facts.who}."
        words = filter(None, (self._facts.title, self._facts.problem))
        yield f"Pourquoi, dans les mots du porteur : {' '.join(map(quoted, words))}."
        for condition in self._facts.conditions:
            yield f"Le Datalab y met cette condition : {quoted(condition)}."
        yield from self.of_use(texts)
        yield from (self._scope, _READERS, *[_AS_THEY_ARE] * (len(self._datasets) > 1), _UNTIL)

    def always(self) -> Iterator[str]:
        """The sentence on what comes out of tables whatever the treatment."""
        yield from () if self._is_files else (_ALWAYS,)

    def of_use(self, texts: Mapping[str, str]) -> Iterator[str]:
        """The sentences on what is read, what it is crossed with, and what comes out."""
        yield self._read(texts)
        yield from () if self._is_files else (self._crossed(), *self._left_out())
        yield from map(_told_code, own_code(self._facts.treatment))
        yield from () if self._is_files else self._outputs()

    def _read(self, texts: Mapping[str, str]) -> str:
        columns, title = self._reading.columns, self._title(self._id)
        if columns is None:
            return f"Ce qui est lu de {title} : {_FILES if self._is_files else _COLUMNS}."
        if not columns:
            return f"Ce qui est lu de {title} : aucune colonne."
        table_columns = columns_of(self._datasets)[self._id] or ()
        others = [quoted(name) for name in table_columns if name not in columns]
        rest = f" Le reste ne l'est pas : {french_list(others)}." if others else ""
        what = "les colonnes" if len(columns) > 1 else "la colonne"
        names = french_list([_with_text(name, texts.get(name, "")) for name in columns])
        return f"Ce qui est lu de {title} : {what} {names}.{rest}"

    def _crossed(self) -> str:
        keys = self._reading.keys
        if not keys:
            return "Ces données ne sont croisées avec aucun autre jeu."
        return f"Elles sont croisées : {' ; '.join(map(self._met, keys))}."

    def _met(self, key: lineage.Key) -> str:
        vias = [
            CROSSWALKS[crosswalk].description for crosswalk in (key.via, key.other_via) if crosswalk
        ]
        by = f" (par un passage : {' ; '.join(vias)})" if vias else ""
        return f"{quoted(key.column)} avec {self._name(key.other)}{by}"

    def _left_out(self) -> Iterator[str]:
        for crossing in self._reading.crossings:
            left, right = self._names(crossing.left), self._names(crossing.right)
            if crossing.how == "inner":
                yield f"Un croisement ne garde que les lignes où {left} rencontre {right}."
            elif crossing.how == "anti":
                yield f"Un croisement ne garde que les lignes où {left} ne rencontre pas {right}."
            elif crossing.how in ("right", "full"):
                yield f"Un croisement garde aussi les lignes où {right} ne rencontre pas {left}."

    def _outputs(self) -> Iterator[str]:
        if not self._reading.shown:
            yield (
                "Aucune de leurs valeurs ne sort ; les lignes et les chiffres qui sortent peuvent"
                " en dépendre."
            )
        for output in self._reading.shown:
            if any(figure.startswith(("listed(", "met(")) for figure in output.figures):
                keys = self._names(output.by or ())
                figures = figures_in_french(output.figures)
                yield f"Le compte rendu du croisement donne, par {keys} : {figures}."
                continue
            beside = [column for column in output.beside if column not in (output.by or ())]
            also = f" ; à côté : {self._names(beside)}" if beside else ""
            yield f"Ce qui sort, {self._grain(output)} : {figures_in_french(output.figures)}{also}."

    def _grain(self, output: lineage.Shown) -> str:
        if output.by is None:
            return "ligne par ligne"
        return f"par groupe ({self._names(output.by)})" if output.by else "pour l'ensemble"

    def _names(self, origins: Iterable[lineage.Origin]) -> str:
        return french_list([self._name(origin) for origin in origins])

    def _name(self, origin: lineage.Origin) -> str:
        of = lineage.dataset_of(origin)
        name = quoted(lineage.column_of(origin))
        return name if of == self._id else f"{name} de {self._title(of)}"

    def _title(self, dataset_id: str) -> str:
        dataset = self._datasets.get(dataset_id)
        # What is not published nobody may know by name: the holder reads this, too.
        return quoted(dataset.metadata.title) if dataset and dataset.is_known else dataset_id


def _told_code(code: OwnCode) -> str:
    if code.is_query:
        return (
            "Ces données passent par une requête SQL du porteur, à lire avant de décider : étape"
            f" {quoted(code.step)}, {counted(code.lines, 'ligne', 'lignes')}, empreinte"
            f" {code.sha256}. Une autre requête vous serait soumise de nouveau."
        )
    return (
        "Ces données passent par du code écrit par le porteur, à lire avant de décider : étape"
        f" {quoted(code.step)}, {counted(code.lines, 'ligne', 'lignes')}, empreinte {code.sha256}."
        " Tout ce qu'il reçoit peut en sortir, sous d'autres noms ; un autre code vous serait"
        " soumis de nouveau."
    )


def figures_in_french(figures: Iterable[str]) -> str:
    """The figures of columns in French, as « a », somme de « b »."""
    return french_list([_figure(figure) for figure in figures])


def _figure(figure: str) -> str:
    how, _, inner = figure.partition("(")
    if how in FIGURES and figure.endswith(")"):
        return f"{FIGURES[how]} {_figure(inner[:-1])}"
    return quoted(figure)


def _texts_of(dataset: Dataset | None) -> dict[str, str]:
    """Descriptions of columns by name; empty for a dataset that the holder may not know of."""
    descriptions = dataset.metadata.columns if dataset and dataset.is_known else ()
    return {column.name: column.description for column in descriptions}


def _with_text(name: str, text: str) -> str:
    """A column's name with its description, shortened to be read among others."""
    short = quoted(shorten(text, _LONGEST, placeholder=" …"))
    return f"{quoted(name)} ({short})" if text else quoted(name)


def _licence(datasets: Mapping[str, Dataset | None]) -> str:
    known_datasets = filter(None, datasets.values())
    # Only its insiders know what a restricted result is made of.
    sources = (
        dataset.sources() if dataset.metadata.access == "open" else (dataset.as_source(),)
        for dataset in known_datasets
    )
    compatibility: Compatibility = compatibility_of(chain.from_iterable(sources))
    if conflict := compatibility.conflict:
        return f"{conflict.reason} (à décider par : {conflict.decided_by})."
    return f"Le résultat peut être publié sous cette licence : {compatibility.title}."


def _privacy(dataset: Dataset | None) -> str:
    version = dataset.published if dataset else None
    unknown = "Ces données n'ont pas été examinées : peut-être portent-elles sur des personnes."
    return (version and version.about_persons) or unknown
