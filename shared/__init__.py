"""What every service uses: events, messaging, documents, files, HTTP, tokens, metrics."""
