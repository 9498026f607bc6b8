"""The release ledger: what left the lab of each version of restricted data, or may yet."""
