"""Places the rows of a table: reads how positions are written, and looks them up."""

from services.compute.execution.job_folder import Report
from services.compute.runner.steps.workbench import Workbench
from shared.applications.geo import GeoParameters


def run(workbench: Workbench, parameters: GeoParameters) -> Report:
    """See `geo.run`; what it works with is loaded when it is needed."""
    from services.compute.runner.steps.geo import geo  # noqa: PLC0415 - loads pyproj

    return geo.run(workbench, parameters)
