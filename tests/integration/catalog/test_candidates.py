"""What it costs to find the data that fits a project."""

import operator
from threading import Thread

from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.matching.advice import advise
from services.catalog.search.finder import Finder
from shared.engine.analysis.known_tables import KnownInputs
from shared.storage import Storage
from tests.document_queries import counted
from tests.events import enveloped
from tests.integration.catalog.lab import submitted
from tests.servers import eventually
from tests.unit.catalog.samples import metadata, profile, ref, registered

_FEW = 20


def test_candidates_of_a_project_are_read_together(mongodb_uri: str, storage_url: str) -> None:
    """However many there are: 400 took as many queries."""
    with counted(mongodb_uri) as (store, queries):
        for number in range(60):
            dataset = registered(f"dts_{number:03}", metadata(f"Logements vacants {number}"))
            dataset.publish(1, ref("0"), profile(), "job_1")
            store.of(Dataset).save(dataset)
        finder = Finder("catalog", store, Storage(storage_url), operator.call)
        loop = Thread(target=finder.run)
        loop.start()
        try:
            eventually(lambda: finder.is_ready)
            queries.asked = 0
            envelope = enveloped(submitted(project_id="prj_1"), "prj_1")
            advise(store, finder, envelope, lambda *_: KnownInputs(tables=(), crossings=()))
            assert queries.asked < _FEW
        finally:
            finder.stop()
            loop.join()
        assert len(store.of(ProjectAccess).get("prj_1").outbox) == 1
