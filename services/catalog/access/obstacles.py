"""What stands between a project and a dataset, its owner aside, and what reviewers must know."""

from services.catalog.datasets.model import Dataset, Wanted
from shared.events.event import InputNote, Obstacle

UNKNOWN = "Ce jeu de données est inconnu du catalogue, ou n'y est pas encore publié."
"""For those who may not know which of both: whoever may is told what keeps it from being read."""

UNKNOWN_ONCE = "Ce jeu de données est inconnu du catalogue."
"""What grants say that were refused before."""

RETIRED = "Ce jeu de données est retiré du catalogue : {}"
_WITH_ITS_PRODUCER = "Ces données sont chez leur producteur : elles sont à déposer ici d'abord."
_UNREAD = "Ce jeu de données n'est pas encore publié : le Datalab le lit."
_HELD = (
    "Ce jeu de données n'est pas encore publié : son propriétaire doit en confirmer la base légale."
)
_UNREADABLE = "Ce jeu de données n'est pas publié : son fichier n'a pas pu être lu."


def obstacles_of(wanted: Wanted) -> tuple[Obstacle, ...]:
    """What stands between a project and each of these; nothing for one that could be read."""
    found = (obstacle_of(dataset_id, dataset) for dataset_id, dataset in sorted(wanted.items()))
    return tuple(one for one in found if one)


def notes_of(wanted: Wanted) -> tuple[InputNote, ...]:
    """What reviewers have to know of each of these that tells about persons, as it is shown.

    Also where its owner declares that it does not.
    """
    found = ((one, one.published) for _, one in sorted(wanted.items()) if one)
    return tuple(
        InputNote(
            dataset_id=one.id,
            title=one.metadata.title,
            said=version.about_persons,
            basis=version.legal_basis.in_french() if version.legal_basis else "",
        )
        for one, version in found
        if version and version.screened_privacy and version.screened_privacy.verdict != "none"
    )


def obstacle_of(dataset_id: str, dataset: Dataset | None) -> Obstacle | None:
    """What stands between a project and a dataset, if anything does."""
    if dataset is None:
        return Obstacle(dataset_id=dataset_id, reason=UNKNOWN)
    if dataset.retirement:
        return Obstacle(dataset_id=dataset_id, reason=RETIRED.format(dataset.retired))
    if dataset.published:
        return None
    if not dataset.versions:
        return Obstacle(dataset_id=dataset_id, reason=dataset.retired or _WITH_ITS_PRODUCER)
    told = {"pending": (_UNREAD, True), "held": (_HELD, True)}
    reason, passes = told.get(dataset.versions[-1].state, (_UNREADABLE, False))
    return Obstacle(dataset_id=dataset_id, reason=reason, passes=passes)
