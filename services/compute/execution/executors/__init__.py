"""Where jobs run: one contract, and Slurm behind it."""
