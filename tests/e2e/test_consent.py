"""An owner decides on something, and the decision holds: what is read, shown, and by whom."""

import pyarrow.parquet as pq
import pytest

from deploy.cli.api_client import CallError
from shared.engine.tables.manifest import INVENTED
from tests.e2e.consent import AGAIN, LAST_DAY, PURPOSE, REASON, Consent


@pytest.fixture(scope="module")
def opened(consent: Consent) -> Consent:
    """The whole story, to the opened result."""
    consent.open()
    return consent


def test_owner_sees_which_columns_are_read_and_what_comes_out(consent: Consent) -> None:
    """Two of four, in sentences; the rest is named as not read."""
    request = consent.seen["request"]
    assert request["columns"] == ["boardings", "commune"]
    request_text = "\n".join(request["asked"])
    assert "« Ville pilote » (collectivité territoriale" in request_text
    assert "Le reste ne l'est pas : « stop » et « revenue »" in request_text
    assert "la somme de « boardings »" in request_text


def test_trials_ran_on_invented_rows(consent: Consent) -> None:
    """Both say so, and nothing else; the owner's data has no use of them."""
    trials = consent.seen["trials"]
    assert [(trial["warning"], trial["fault"]) for trial in trials] == [(INVENTED, "")] * 2


def test_treatment_that_wants_a_third_column_waits_for_the_owner(consent: Consent) -> None:
    """It is asked anew for that column; the project says for whom it waits."""
    assert consent.seen["second"]["columns"] == ["commune", "revenue"]
    [waiting] = consent.seen["waiting"]
    assert waiting["member_id"] == consent.members["agency"]
    assert "« Montées par arrêt »" in str(consent.seen["second"]["asked"])


def test_conditions_stand_on_the_result_as_they_were_written(consent: Consent) -> None:
    """And the columns that the job was given."""
    result = consent.holder.get("catalog", f"/datasets/{consent.result_id}")
    inputs = result["versions"][-1]["provenance"]["inputs"]
    job_input = next(job_input for job_input in inputs if job_input["dataset_id"] == consent.buses)
    assert job_input["conditions"] == [AGAIN]
    assert job_input["columns"] == ["commune", "revenue"]


def test_nothing_is_delivered_while_data_is_taken_away(consent: Consent) -> None:
    """The holder is told why in French."""
    refused = consent.seen["refused"]
    text = f"l'accès à des données du projet a été retiré : {REASON}"
    assert (refused.status, text in str(refused)) == (409, True)


def test_owner_sees_what_its_data_was_used_for(consent: Consent) -> None:
    """By the full job alone, and what it was delivered as, under its licence."""
    uses = consent.owner.get("catalog", f"/datasets/{consent.buses}/uses")["items"]
    assert [(use["kind"], use["state"]) for use in uses] == [("full", "succeeded")]
    assert (uses[0]["project_id"], uses[0]["rows"]) == (consent.project_id, 3)
    assert uses[0]["delivered_as"] == consent.result_id
    result = consent.holder.get("catalog", f"/datasets/{consent.result_id}")
    assert (result["access"], result["licence"]) == ("restricted", "odc-odbl")
    path = f"/access-requests/{consent.project_id}.{consent.buses}"
    request = consent.owner.get("catalog", path)
    assert (request["purpose"], request["until"]) == (PURPOSE, LAST_DAY)


def test_result_is_closed_until_the_owner_opens_it(opened: Consent) -> None:
    """The holder cannot open it alone; a team member reads it meanwhile, a stranger does not."""
    consent = opened
    assert consent.seen["patched"].status == 422
    assert (consent.seen["stranger"], consent.seen["helper"]) == (403, 200)
    assert (consent.seen["before"], consent.seen["after"]) == (403, 200)
    assert consent.members["agency"] in consent.seen["opening"]["members"]


def test_team_member_sees_the_project_it_is_named_in(consent: Consent) -> None:
    """Before it accepts already; a stranger is told that there is no such project."""
    assert consent.seen["invited"]["title"] == "Où ajouter des arrêts ?"
    with pytest.raises(CallError) as unknown:
        consent.stranger.get("intake", f"/projects/{consent.project_id}")
    assert unknown.value.status == 404


def test_result_holds_what_was_granted_and_no_more(consent: Consent) -> None:
    """No stop and no value of the revenue come out: only how many there are by commune."""
    consent.status(consent.holder)
    table = pq.read_table(consent.folder / "result.parquet")
    assert set(table.column_names) == {"commune", "nom", "revenue_nombre"}
    assert b"SECRET" not in (consent.folder / "result.parquet").read_bytes()
