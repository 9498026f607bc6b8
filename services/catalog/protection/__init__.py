"""Protected tables of restricted data: its owner's policy, the tables made by it, their dataset."""
