"""The steps that draw: they hand their table on, and draw what of it leaves the lab."""
