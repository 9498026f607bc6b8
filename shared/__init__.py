"""What every service uses: events, messaging, documents, files, HTTP, tokens, metrics."""

import warnings

# Known and accepted: eventlet stays in shared.messaging, shared.http, deploy.run and the service.py
# of each service, so that it can be left; its reminder on every import would only hide what is new.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
