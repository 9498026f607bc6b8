"""Makes shared/codes and services/compute/reference from INSEE's yearly lists: `python -m deploy.cog`."""
