"""The four services of the lab; none imports another."""
