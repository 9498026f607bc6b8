"""Members of the lab: taken in, found by skill and territory, and let go."""
