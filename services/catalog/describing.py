"""Lets an owner say something else of a dataset, as far as its data and their origin allow."""

from services.catalog.bodies import ChangeDataset
from services.catalog.crossing import judge
from services.catalog.legal_basis import why_held
from services.catalog.licensing import Terms, canonical, settle
from services.catalog.model import Dataset
from shared.errors import Invalid, WrongStage
from shared.store import Store


def describe(store: Store, dataset_id: str, owner_id: str, body: ChangeDataset) -> Dataset:
    """The dataset, of which its owner says from now on what `body` names.

    Raises NotFound, Forbidden for anybody but the owner, WrongStage for a harvested dataset, and
    Invalid, naming the field, for what its data or what it was made of does not allow.
    """

    def decide(dataset: Dataset) -> None:
        dataset.check_owner(owner_id, "le décrit")
        if dataset.harvested:
            raise WrongStage(
                "ce jeu est moissonné : sa description se corrige dans son catalogue d'origine, et"
                " la prochaine moisson la reprend ici"
            )
        check(dataset, body)
        dataset.describe(body.applied_to(dataset.metadata))

    return store.of(Dataset).change(dataset_id, decide)


def check(dataset: Dataset, body: ChangeDataset) -> None:
    """Raise Invalid, in French, for a licence or an opening that the dataset does not bear."""
    before, wanted = dataset.metadata, body.applied_to(dataset.metadata)
    opens = (before.access, wanted.access) == ("restricted", "open")
    if opens and (reason := _kept_back(dataset)):
        raise Invalid(f"ce jeu reste à accès restreint : {reason}", "access")
    if not opens and wanted.licence == before.licence:
        return
    terms = _terms(dataset, wanted.licence)
    if opens and not terms.is_publishable:
        raise Invalid(f"ce jeu reste à accès restreint. {terms.note}", "access")
    if terms.licence != canonical(wanted.licence):
        raise Invalid(terms.note, "licence")


def _kept_back(dataset: Dataset) -> str:
    """Why what is restricted cannot be opened, in French; empty when it can."""
    if dataset.source_owners:
        return "il est fait de données à accès restreint d'autres membres"
    profiles = [version.profile for version in dataset.versions if version.profile]
    if any(why_held(profile, is_open=True) for profile in profiles):
        return (
            "une de ses versions nomme des personnes, ou porte sur un petit nombre d'entre elles"
            " des données sensibles (CRPA, article L312-1-2) ; déposez comme nouveau jeu une"
            " version qui n'en a pas"
        )
    made = [version.provenance.privacy for version in dataset.versions if version.provenance]
    told = [*made, *(one.privacy for one in profiles)] if dataset.project_id else []
    if any(privacy and not privacy.is_safe for privacy in told):
        return "le traitement dont il est issu permet de distinguer des personnes"
    return ""


def _terms(dataset: Dataset, licence: str) -> Terms:
    """The terms that `licence` comes to, given all that any of its versions was made of."""
    made = (version.provenance for version in dataset.versions if version.provenance)
    return settle(licence, judge({source for one in made for source in one.sources}))
