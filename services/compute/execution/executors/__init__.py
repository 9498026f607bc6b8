"""Where jobs run: one contract, and behind it this machine and Slurm."""
