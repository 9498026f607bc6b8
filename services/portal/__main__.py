"""Serves the portal: `python -m services.portal`, with the settings of PortalSettings."""

import sys

import uvicorn

from services.portal.app import application
from services.portal.limits.heads import server_config
from services.portal.portal_settings import PortalSettings
from shared import log
from shared.errors import SettingsError
from shared.settings import read_settings


def main() -> int:
    """Serve until SIGTERM or SIGINT; the process's exit code."""
    try:
        settings = read_settings(PortalSettings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    log.configure("portal", settings.log_level)
    uvicorn.Server(server_config(application(settings), settings)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
