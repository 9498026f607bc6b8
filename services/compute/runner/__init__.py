"""Runs one job inside the sandbox: `python -m services.compute.runner <folder>`."""
