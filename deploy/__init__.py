"""How the lab is run: the local stack, the topology step, the container image and the demo."""

SERVICES = {
    "intake": "services.intake.service:Intake",
    "catalog": "services.catalog.service:Catalog",
    "compute": "services.compute.service:Compute",
    "notify": "services.notify.service:Notify",
}
"""Each service of the lab, as `python -m deploy.run` takes it."""

PORTAL = "portal"
"""The process that serves the pages; it has no queue and no documents."""
