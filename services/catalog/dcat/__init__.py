"""The catalogue in the vocabulary of Europe's data portals: DCAT-AP 3.0.1, as RDF.

The only place of a service that knows rdflib. Nothing here is a blank node: what has no address of
its own is a fragment of the dataset's, so that harvesting twice finds the same things.
"""
