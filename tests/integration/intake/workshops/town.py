"""Strangers to the lab, the staff that announces workshops, and time that passes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from services.intake.workshops.model import Workshop
from shared.aggregate import now
from tests.integration.intake.lab import REVIEWER, Lab
from tests.servers import PATIENCE_SECONDS


@dataclass
class Town:
    """Calls an intake that lets anybody in, at `url`, and the others by `lab`."""

    lab: Lab
    url: str
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(
            retries=False, timeout=PATIENCE_SECONDS, maxsize=20
        )
    )

    def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """Send a request without a token, unless a header says otherwise."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            return self._pool.request(method, self.url + path, headers=sent)
        return self._pool.request(method, self.url + path, json=body, headers=sent)

    def done(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """What a request that succeeds answers."""
        answer = self.call(method, path, body, **headers)
        assert answer.status in {200, 201}, answer.data
        return answer.json()

    def register(self, workshop_id: str, mail: str, **headers: str) -> Any:
        """A stranger's new registration."""
        body = {"name": "Zénobie", "mail": mail}
        return self.done("POST", f"/workshops/{workshop_id}/registrations", body, **headers)

    def registration_of(self, text: str) -> Any:
        """A registration as its secret shows it."""
        return self.done("GET", "/registrations/shown", Authorization=f"Bearer {text}")

    def end(self, text: str) -> Any:
        """Take a registration back by its secret."""
        return self.done("POST", "/registrations/end", Authorization=f"Bearer {text}")

    def announce(self, **changes: Any) -> str:
        """The id of a newly announced workshop."""
        body = {**plan(), **changes}
        return str(self.lab.done("POST", "/workshops", body, who=REVIEWER)["id"])

    def read(self, workshop_id: str) -> Any:
        """A workshop as the staff sees it."""
        return self.lab.done("GET", f"/workshops/{workshop_id}", who=REVIEWER)

    def registrants(self, workshop_id: str) -> list[Any]:
        """Who registered, as the staff sees it."""
        path = f"/workshops/{workshop_id}/registrations"
        return list(self.lab.done("GET", path, who=REVIEWER)["items"])

    def pass_time(self, workshop_id: str, **dates: datetime) -> None:
        """Let these dates of a workshop be others; by default it began just now."""
        new_dates = dates or {"starts_at": now() - timedelta(minutes=1)}

        def turn(workshop: Workshop) -> None:
            for name, date in new_dates.items():
                setattr(workshop, name, date)

        with self.lab.store() as store:
            store.of(Workshop).change(workshop_id, turn)


def plan(**changes: Any) -> dict[str, Any]:
    """A workshop of two seats in a week, as the staff sends it."""
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    ends_at = starts_at + timedelta(hours=2)
    return {
        "title": "Lire une carte",
        "description": "Avec vos données.",
        "theme": "culture des données",
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "place": "Caen",
        "link": "https://visio.example/salle",
        "seats": 2,
        "waiting_seats": 2,
        **changes,
    }
