"""What every service uses: events, messaging, documents, files, HTTP, tokens, metrics."""

import warnings

# Known and accepted: eventlet stays behind shared.messaging, shared.http and shared.run, so that it
# can be left; its reminder on every import would only hide what is new.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
