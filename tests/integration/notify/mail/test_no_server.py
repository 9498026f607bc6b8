"""A lab without a mail server: what persons choose is kept, and no mail waits for ever."""

from deploy.local.signing_keys import KeyPair
from services.notify.mail.model import Mail
from tests.integration.notify.lab import Lab, submitted
from tests.integration.notify.mail.town import NEVER, Person, Town
from tests.servers import eventually


def test_lab_without_a_mail_server_says_so_and_shows_the_same(
    lab: Lab, token_keys: KeyPair, project: str, member: str
) -> None:
    """Its choices wait for a server; its news does not."""
    town = Town(lab, lab.service, token_keys, member)
    person = Person(town, f"acc_{member}", "")
    fields = {**NEVER, "projects": "immediate"}
    assert person("PUT", "/mail-preferences", fields).json == {
        **fields,
        "is_sent": False,
        "refused_at": None,
    }
    lab.publish(submitted(project, member))
    eventually(lambda: person("GET", "/news").json["items"] and lab.is_quiet())
    (news,) = person("GET", "/news").json["items"]
    assert (news["kind"], news["page"]) == ("projects", f"/projets/{project}")
    assert news["summary"] == "Le projet « Logements vacants » est déposé."
    with lab.store() as store:
        assert store.of(Mail).find({"member_id": member}) == []
