"""The command line `datalab`: a thin client of the HTTP API, and the local stack."""

import gc
import sys


def main() -> None:
    """Run the command; what went wrong is told in a sentence, with exit status 1."""
    gc.disable()  # nothing that is loaded here is garbage
    # Only who runs it pays for it.
    from deploy.cli.api_client import CallError  # noqa: PLC0415
    from deploy.cli.app import app  # noqa: PLC0415
    from shared.errors import LabError  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    try:
        app()
    except (CallError, LabError) as error:
        sys.stderr.write(f"datalab: {error}\n")
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        # The engine and the API's client run without them.
        sys.stderr.write(
            f"datalab: this command needs the package {error.name}: pip install '.[lab,local]'\n"
        )
        raise SystemExit(1) from None
