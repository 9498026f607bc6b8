"""What the rules of release advise, as tests ask."""

from shared.engine.tables.release import ReleaseRecord, ReleaseVerdict, strictest


def advice_of(record: ReleaseRecord) -> ReleaseVerdict:
    """Return what the rules advise on all outputs of a record together."""
    return strictest(output.verdict for output in record.outputs)
