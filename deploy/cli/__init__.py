"""The command line `datalab`: a thin client of the HTTP API, and the local stack."""

import sys


def main() -> None:
    """Run the command; what went wrong is told in a sentence, with exit status 1."""
    # Only who runs it pays for it.
    from deploy.cli.api_client import CallError  # noqa: PLC0415
    from deploy.cli.app import app  # noqa: PLC0415
    from shared.errors import LabError  # noqa: PLC0415

    try:
        app()
    except (CallError, LabError) as error:
        sys.stderr.write(f"datalab: {error}\n")
        raise SystemExit(1) from None
