"""What is told of a new version."""

from services.catalog.datasets.versions import Changes, Coverage, Retyped, compare
from shared.engine.tables.manifest import Column, Profile


def profile(rows: int, *columns: Column) -> Profile:
    """A table with these columns."""
    return Profile(rows=rows, encoding="utf-8", delimiter=";", columns=columns)


def column(name: str, kind: str = "text", filled: int = 10, key: str | None = None) -> Column:
    """A column of ten rows."""
    return Column(name=name, kind=kind, filled=filled, distinct=filled, key=key)


def test_the_same_table_changed_nothing() -> None:
    """Only the version compared with is told."""
    same = profile(10, column("com", key="commune"), column("n", "integer"))
    assert compare(3, same, same) == Changes(since=3, rows=0)


def test_columns_kinds_rows_and_keys_are_compared_by_name() -> None:
    """Their order makes no difference."""
    before = profile(10, column("com", key="commune"), column("n", "integer"), column("old"))
    after = profile(
        20, column("n", "decimal"), column("com", filled=15, key="commune"), column("new")
    )
    assert compare(1, before, after) == Changes(
        since=1,
        rows=10,
        added=("new",),
        removed=("old",),
        retyped=(Retyped(name="n", before="integer", after="decimal"),),
        coverage=(Coverage(name="com", key="commune", before=1.0, after=0.75),),
    )


def test_key_that_is_none_any_more_is_told() -> None:
    """A column of codes that lost its zeros is what joins break on."""
    before = profile(10, column("com", key="commune"))
    after = profile(10, column("com", "integer"))
    (retyped_column,) = compare(1, before, after).retyped
    assert (retyped_column.before, retyped_column.after) == ("commune", "integer")
