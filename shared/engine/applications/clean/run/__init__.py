"""Does what a cleaning is told, in the sandbox."""

from shared.engine.applications.clean.run.clean import run

__all__ = ["run"]
