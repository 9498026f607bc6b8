"""Makes the codes and reference files from INSEE's yearly lists: `python -m deploy.cog`."""
