"""What the fields of the index are made of."""

from services.catalog.search.fields import number_of
from shared.aggregate import new_id


def test_numbers_sort_as_ids_do() -> None:
    """Of ids made one after another."""
    ids = sorted(new_id("dts") for _ in range(100))
    numbers = [number_of(one) for one in ids]
    assert numbers == sorted(numbers)
    assert all(0 <= number < 2**63 for number in numbers)
