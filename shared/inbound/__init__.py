"""What comes from outside: identifiers, pages, strict JSON and idempotency keys."""
