"""The page of one's own data, with a version that names persons."""

from services.catalog.datasets.views import view_of
from services.portal.lab import Refused
from services.portal.pages import data
from shared.auth import Caller
from tests.unit.catalog.datasets.test_legal_basis import held
from tests.unit.portal.pages import html_of


def test_access_that_is_to_be_restricted_stays_so_beside_a_fault() -> None:
    """Sent again as it is shown, the form publishes to nobody more."""
    dataset = held("courriel", access="open")
    view = view_of(dataset, Caller(dataset.owner_id, frozenset({"owner"})))
    path = f"/datasets/{dataset.id}"
    answers = {
        path: view.model_dump(mode="json"),
        f"{path}/uses": {"items": [], "next": None},
        f"{path}/releases": {"items": [], "next": None},
        f"{path}/opening": {"members": []},
        f"{path}/legal-basis": Refused(422, "doit être dit", "purpose"),
    }
    form = {"basis": "public_task", "purpose": "", "version": "1", "restrict": "1"}
    html = html_of(data.confirm_basis, answers, "owner", form=form, dataset_id=dataset.id)
    assert 'name="restrict" value="1" checked' in html
