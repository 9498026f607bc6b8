"""The demo's partner takes what its secret signed, whenever it learns of the secret."""

from concurrent.futures import ThreadPoolExecutor

import urllib3
from standardwebhooks import Webhook

from deploy.demo.partner import Partner
from shared.aggregate import now
from tests.servers import eventually

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def send(partner: Partner, secret: str) -> int:
    """The status that an event signed with `secret` gets."""
    body, time = '{"type": "member_joined"}', now()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(time.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", time, body),
    }
    url = f"http://127.0.0.1:{partner.port}/"
    return urllib3.request("POST", url, body=body, headers=headers, retries=False).status


def test_event_that_comes_before_the_secret_is_taken_with_it() -> None:
    """The lab may call while the answer to the registration is still on its way."""
    partner = Partner()
    with ThreadPoolExecutor() as pool:
        early = pool.submit(send, partner, SECRET)
        eventually(early.running, what="a call under way")
        partner.trust(SECRET)
        assert early.result() == 204
    partner.close()
    assert (partner.types, partner.refused) == (["member_joined"], 0)


def test_event_of_another_secret_is_refused() -> None:
    """It is counted and not kept."""
    partner = Partner()
    partner.trust(SECRET)
    assert send(partner, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD") == 401
    partner.close()
    assert (partner.types, partner.refused) == ([], 1)
