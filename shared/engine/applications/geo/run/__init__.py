"""Places rows, in the sandbox: reads how positions are written, and looks them up."""

from shared.engine.applications.geo.run.geo import run

__all__ = ["run"]
