"""Access of projects to datasets: asked for, decided by owners, used, and ended."""
