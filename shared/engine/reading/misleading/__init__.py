"""Which columns treatments would take wrongly, by their values."""
