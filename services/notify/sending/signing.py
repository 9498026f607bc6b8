"""Signatures of webhooks: Standard Webhooks 1.0 (standardwebhooks.com), symmetric scheme v1."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

_PREFIX = "whsec_"
_SECRET_BYTES = 32
"""The specification asks for 24 to 64."""


def new_secret() -> str:
    """A new random signing secret, `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, webhook_id: str, time: datetime, body: bytes) -> dict[str, str]:
    """The three headers that prove to the receiver who sent `body`, and when."""
    timestamp = str(int(time.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
