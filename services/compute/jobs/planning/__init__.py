"""What is told of a job before it runs: whether it can, what it makes, takes, and where."""
