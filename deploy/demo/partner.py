"""A partner's server: a real HTTP endpoint that checks the signature of what it receives."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, ClassVar

_LARGEST = 1_000_000
_PATIENCE_SECONDS = 12


class Partner:
    """Listens on `host` from construction to `close`, and keeps what it received."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._secret, self._is_known = "", Event()
        self.received: list[dict[str, Any]] = []
        self.refused = 0
        handler = type("Handler", (_Handler,), {"partner": self})
        self._server = ThreadingHTTPServer((host, port), handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    @property
    def types(self) -> list[str]:
        """The event types received, in the order they came."""
        return [event["type"] for event in self.received]

    def trust(self, secret: str) -> None:
        """Take what this secret signs; what came before is looked at now."""
        self._secret = secret
        self._is_known.set()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Keep an event if its signature is valid; return whether it is.

        Source: Standard Webhooks 1.0, symmetric signatures (v1).
        """
        # The lab may call before its answer to the registration, with the secret, has been read.
        self._is_known.wait(_PATIENCE_SECONDS)
        signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
        key = base64.b64decode(self._secret.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        signatures = (headers.get("webhook-signature") or "").split()
        if not any(hmac.compare_digest(f"v1,{digest}", signature) for signature in signatures):
            self.refused += 1
            return False
        self.received.append(json.loads(body))
        return True


class _Handler(BaseHTTPRequestHandler):
    partner: ClassVar[Partner]

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
        taken = self.partner.take(
            {name.lower(): value for name, value in self.headers.items()}, self.rfile.read(length)
        )
        self.send_response(204 if taken else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the story tells what came."""
