"""Tells a server of lineage, as OpenLineage events, what ended jobs read and made."""
