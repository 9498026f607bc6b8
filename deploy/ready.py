"""The health check of a container: `python -m deploy.ready` exits 0 when its service is ready.

What it prints when it is not, the engine keeps: `docker inspect` shows the reasons.
"""

import os
import sys
import urllib.error
import urllib.request

_PATIENCE_SECONDS = 4


def main() -> int:
    """Ask `/readyz` on the port this container's settings name; the process's exit code."""
    url = f"http://127.0.0.1:{os.environ['DATALAB_HTTP_PORT']}/readyz"
    try:
        urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS).close()
    except urllib.error.HTTPError as answer:
        sys.stderr.write(answer.read().decode(errors="replace") + "\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
