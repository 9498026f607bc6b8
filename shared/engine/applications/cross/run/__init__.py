"""Crosses two tables, in the sandbox."""

from shared.engine.applications.cross.run.cross import run

__all__ = ["run"]
