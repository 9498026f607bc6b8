"""The four services of the lab and their portal; none imports another."""
