"""Makes services/compute/reference from INSEE's yearly lists: `python -m deploy.cog`."""
