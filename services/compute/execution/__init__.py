"""Runs jobs: leases, fair turns, the sandbox, and what goes in and out of it."""
