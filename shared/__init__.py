"""What every service uses: the event contract, messaging, documents, files, HTTP, tokens, metrics."""
