"""Which restricted data a treatment reads by its protected tables alone: nobody is asked for it."""

from services.catalog.access.asking import columns_of
from services.catalog.datasets.model import Dataset, DatasetsById
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.answering.treatments import answers_of
from shared.errors import Invalid
from shared.events import Treatment

METHOD = (
    "Chiffres des tableaux protégés de ces données : exacts ; une case vide porte sur trop peu"
    " d'unités, ou révélerait une telle case."
)


def known_by_tables(dataset: Dataset) -> KnownTable:
    """What everybody may know of restricted data, with the tables that answer for it, if any do."""
    if dataset.profile is None:
        return KnownTable(dataset_id=dataset.id)
    table = KnownTable.of(dataset.profile.without_values(), dataset_id=dataset.id)
    return table.without_counts().model_copy(update={"made": dataset.answering_tables})


def is_answered(treatment: Treatment, dataset: Dataset, datasets: DatasetsById) -> bool:
    """Whether the protected tables of a dataset do for a treatment, which reads these `datasets`.

    It is decided by form: by the treatment, the columns, and what its owner lets be shown.
    """
    if dataset.answering_tables is None or dataset.id not in treatment.inputs.values():
        return False
    columns = columns_of({**datasets, dataset.id: dataset})
    others = (
        KnownTable(
            dataset_id=dataset_id, columns=names and tuple(KnownColumn(name=name) for name in names)
        )
        for dataset_id, names in columns.items()
        if dataset_id != dataset.id
    )
    inputs = KnownInputs(tables=(known_by_tables(dataset), *others))
    try:
        return isinstance(answers_of(treatment, inputs)[dataset.id], tuple)
    except Invalid:
        return False
