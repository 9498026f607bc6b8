"""Signatures against the reference implementation."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notify.sending.signing import new_secret, sign

BODY = '{"é": 1}'.encode()


def test_reference_accepts_our_signature() -> None:
    """The `standardwebhooks` package verifies what we sign."""
    secret = new_secret()
    headers = sign(secret, "dlv_1", datetime.now(UTC), BODY)
    assert Webhook(secret).verify(BODY, headers) == {"é": 1}


def test_reference_and_we_sign_alike() -> None:
    """The same id, time and body give the same signature."""
    secret, time = new_secret(), datetime(2026, 1, 1, 12, 0, 0, 999000, tzinfo=UTC)
    expected = Webhook(secret).sign("dlv_1", time, BODY.decode())
    assert sign(secret, "dlv_1", time, BODY)["webhook-signature"] == expected


@pytest.mark.parametrize(
    ("webhook_id", "body", "late"),
    [("dlv_2", BODY, 0), ("dlv_1", b"{}", 0), ("dlv_1", BODY, 3600)],
    ids=["another id", "another body", "an hour late"],
)
def test_reference_refuses_what_was_changed(webhook_id: str, body: bytes, late: int) -> None:
    """A signature holds for one id, one body and a few minutes."""
    secret = new_secret()
    signed = sign(secret, "dlv_1", datetime.now(UTC) - timedelta(seconds=late), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, {**signed, "webhook-id": webhook_id})


def test_secrets_are_random_and_of_the_specified_size() -> None:
    """24 to 64 bytes of base64 after `whsec_`."""
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert 24 <= len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) <= 64
