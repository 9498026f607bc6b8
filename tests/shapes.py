"""Checks RDF against the rules of DCAT-AP 3.0.1 in tests/data/dcat_ap_3_0_1.shapes.ttl."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from pyshacl import validate
from rdflib import Graph, Namespace
from rdflib.namespace import RDF

SH = Namespace("http://www.w3.org/ns/shacl#")
_FILE = Path(__file__).parent / "data" / "dcat_ap_3_0_1.shapes.ttl"


class Fault(NamedTuple):
    """A rule that a graph breaks: Violation or Warning, of which thing, in which property."""

    severity: str
    subject: str
    path: str


def faults(graph: Graph) -> set[Fault]:
    """What the graph breaks, by the rules' own severities."""
    _, report, _ = validate(graph, shacl_graph=_shapes(), allow_warnings=True)
    return {
        Fault(
            str(report.value(result, SH.resultSeverity)).removeprefix(str(SH)),
            str(report.value(result, SH.focusNode)),
            _last(report.value(result, SH.resultPath)),
        )
        for result in report.subjects(RDF.type, SH.ValidationResult)
    }


def violations(graph: Graph) -> set[Fault]:
    """What the graph breaks of what is mandatory."""
    return {fault for fault in faults(graph) if fault.severity == "Violation"}


def _last(path: object) -> str:
    return str(path).replace("#", "/").rsplit("/", 1)[-1]


@cache
def _shapes() -> Graph:
    return Graph().parse(_FILE, format="turtle")
