"""A partner's stock nameko service, which knows nothing of this project's code."""

from pathlib import Path
from typing import Any

from nameko.events import event_handler


class Listener:
    """Writes down the projects it hears of."""

    name = "partner"
    heard: Path

    @event_handler("intake", "project_submitted")
    def hear(self, payload: dict[str, Any]) -> None:
        """Append the project's id."""
        with self.heard.open("a") as file:
            file.write(f"{payload['data']['project_id']}\n")
