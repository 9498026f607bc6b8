"""Runs one job in its folder: `python -m shared.engine.running FOLDER`, in the sandbox."""
