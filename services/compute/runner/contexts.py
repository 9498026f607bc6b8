"""JSON-LD contexts without the network: an address of a context stands for what is known here.

The names are those of the vocabularies DCAT 3 and Hydra Core, and of the DCAT-AP profile's context.
"""

from typing import Any

from shared.errors import Rejected

_DCT, _DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"
_VCARD, _FOAF = "http://www.w3.org/2006/vcard/ns#", "http://xmlns.com/foaf/0.1/"
_SPDX, _HYDRA = "http://spdx.org/rdf/terms#", "http://www.w3.org/ns/hydra/core#"

_TEXTS = {
    _DCT: "title description identifier issued modified license rights format type",
    _DCAT: "keyword byteSize startDate endDate mediaType theme",
    _VCARD: "fn hasEmail hasURL",
    _FOAF: "name mbox homepage",
    _SPDX: "algorithm checksumValue",
    "http://www.w3.org/2004/02/skos/core#": "prefLabel notation",
    "http://data.europa.eu/r5r/": "hvdCategory applicableLegislation",
}
_THINGS = {
    _DCT: "publisher creator spatial temporal language accrualPeriodicity accessRights",
    _DCAT: "dataset distribution contactPoint landingPage downloadURL accessURL",
    _SPDX: "checksum",
    _HYDRA: "view next nextPage",
}
_CLASSES = {
    _DCAT: "Catalog CatalogRecord Dataset Distribution DataService",
    _DCT: "Location PeriodOfTime",
    _FOAF: "Agent Organization",
    _VCARD: "Kind Individual",
    _SPDX: "Checksum",
    _HYDRA: "PagedCollection PartialCollectionView",
}

CONTEXT: dict[str, Any] = {
    "dcat": _DCAT,
    "dct": _DCT,
    "dcterms": _DCT,
    "foaf": _FOAF,
    "vcard": _VCARD,
    "spdx": _SPDX,
    "hydra": _HYDRA,
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "schema": "http://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": "@id",
    **{name: f"{base}{name}" for base, names in _TEXTS.items() for name in names.split()},
    **{name: f"{base}{name}" for base, names in _CLASSES.items() for name in names.split()},
    **{
        name: {"@id": f"{base}{name}", "@type": "@id"}
        for base, names in _THINGS.items()
        for name in names.split()
    },
}

_KNOWN = ("dcat", "project-open-data", "/ns/hydra/")
"""What the address of a context holds whose names are those above."""


def without_network(document: Any) -> None:  # noqa: ANN401 - JSON
    """Put the contexts into a JSON-LD document that it has by their addresses.

    Raises Rejected, in French, for the address of any other context: nothing is fetched.
    """
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "@import" in node:
                raise _unknown(node["@import"])
            if "@context" in node:
                node["@context"] = _local(node["@context"])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _local(context: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(context, list):
        return [_local(one) for one in context]
    if not isinstance(context, str):
        return context
    if any(mark in context.lower() for mark in _KNOWN):
        return CONTEXT
    raise _unknown(context)


def _unknown(context: object) -> Rejected:
    return Rejected(f"contexte JSON-LD inconnu ici, et jamais cherché en ligne : {context!s:.200}")
