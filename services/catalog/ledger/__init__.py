"""The release ledger: what left the lab of all versions of restricted data, or may yet."""
