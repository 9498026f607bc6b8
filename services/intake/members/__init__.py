"""Members of the lab: taken in, and found by skill and territory."""
