"""What stands between a project and a dataset, its owner aside, and what reviewers must know."""

from services.catalog.datasets.model import Dataset, DatasetsById
from shared.events.event import InputNote, Obstacle

UNKNOWN = "Ce jeu de données est inconnu du catalogue, ou n'y est pas encore publié."
"""For those who may not know which of both: whoever may is told what keeps it from being read."""

UNKNOWN_ONCE = "Ce jeu de données est inconnu du catalogue."
"""What grants say that were refused before."""

RETIRED = "Ce jeu de données est retiré du catalogue : {}"
BY_SOURCE = (
    "Ces tableaux protégés ne se lisent pas par eux-mêmes : demandez « {} », ils répondent alors"
    " pour ces données."
)
_WITH_ITS_PRODUCER = "Ces données sont chez leur producteur : elles sont à déposer ici d'abord."
_UNREAD = "Ce jeu de données n'est pas encore publié : le Datalab le lit."
_HELD = (
    "Ce jeu de données n'est pas encore publié : son propriétaire doit en confirmer la base légale."
)
_UNREADABLE = "Ce jeu de données n'est pas publié : son fichier n'a pas pu être lu."


def obstacles_of(datasets: DatasetsById, holder_id: str) -> tuple[Obstacle, ...]:
    """The obstacles between a project and these datasets; none for those that can be read."""
    obstacles = (
        obstacle_of(dataset_id, dataset, holder_id)
        for dataset_id, dataset in sorted(datasets.items())
    )
    return tuple(obstacle for obstacle in obstacles if obstacle)


def notes_of(datasets: DatasetsById) -> tuple[InputNote, ...]:
    """Notes for reviewers on each of these datasets whose published version tells of persons.

    Also where its owner declares that it does not.
    """
    published = ((dataset, dataset.published) for _, dataset in sorted(datasets.items()) if dataset)
    return tuple(
        InputNote(
            dataset_id=dataset.id,
            title=dataset.metadata.title,
            said=version.about_persons,
            basis=version.legal_basis.in_french() if version.legal_basis else "",
        )
        for dataset, version in published
        if version and version.screened_privacy and version.screened_privacy.verdict != "none"
    )


def obstacle_of(dataset_id: str, dataset: Dataset | None, holder_id: str) -> Obstacle | None:
    """The obstacle between a project of that holder and a dataset, or None."""
    if dataset is None:
        return Obstacle(dataset_id=dataset_id, reason=UNKNOWN)
    if dataset.retirement:
        return Obstacle(dataset_id=dataset_id, reason=RETIRED.format(dataset.retired))
    if dataset.is_read_by_source(holder_id):
        return Obstacle(dataset_id=dataset_id, reason=BY_SOURCE.format(dataset.tables_of))
    if dataset.published:
        return None
    if not dataset.versions:
        return Obstacle(dataset_id=dataset_id, reason=dataset.retired or _WITH_ITS_PRODUCER)
    reasons_by_state = {"pending": (_UNREAD, True), "held": (_HELD, True)}
    reason, passes = reasons_by_state.get(dataset.versions[-1].state, (_UNREADABLE, False))
    return Obstacle(dataset_id=dataset_id, reason=reason, passes=passes)
