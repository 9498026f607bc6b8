"""Every metric that the lab exposes, those of all services first."""

from prometheus_client.metrics import MetricWrapperBase

import services.catalog.metrics
import services.compute.metrics
import services.notify.metrics
import shared.metrics

METRICS = [
    family
    for module in (
        shared.metrics,
        services.catalog.metrics,
        services.compute.metrics,
        services.notify.metrics,
    )
    for family in vars(module).values()
    if isinstance(family, MetricWrapperBase)
]
