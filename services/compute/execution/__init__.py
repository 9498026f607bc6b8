"""Runs jobs: leases, fair turns, sandboxes that wait, and what goes in and out of them."""
