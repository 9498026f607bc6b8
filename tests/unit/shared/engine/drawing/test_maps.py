"""Classes of values for the colours of a map."""

from hypothesis import given as generated
from hypothesis import strategies as st

from shared.engine.drawing.maps import classes_between, quantiles


def test_quantiles_have_as_many_values_each() -> None:
    """A hundred values in five classes are twenty each, and every label says its bounds."""
    classes = quantiles([float(value) for value in range(100)], 5)
    assert classes.bounds == (20.0, 40.0, 59.0, 79.0)
    assert classes.labels("%") == [
        "moins de 20\u00a0%",
        "20 à moins de 40\u00a0%",
        "40 à moins de 59\u00a0%",
        "59 à moins de 79\u00a0%",
        "79 et plus\u00a0%",
    ]


def test_bounds_are_those_that_are_written() -> None:
    """A value is in the class whose label it fits: bounds are rounded before values are parted."""
    values = [0.1 * number + 0.0049 for number in range(50)]
    classes = quantiles(values, 4)
    assert all(bound == round(bound, classes.digits) for bound in classes.bounds)
    assert all(bound <= value for value in values for bound in classes.bounds[: classes.of(value)])


def test_a_single_value_is_one_class() -> None:
    """Nothing can be parted there, and no bound is made up."""
    assert quantiles([3.0, 3.0], 5).labels() == ["toutes les valeurs"]


def test_given_bounds_are_written_alike() -> None:
    """Bounds that somebody chose are kept, with as many digits each."""
    classes = classes_between((5, 7.5, 10))
    assert [classes.of(value) for value in (4.9, 5, 7.5, 10, 99)] == [0, 1, 2, 3, 3]
    assert classes.labels()[1] == "5,0 à moins de 7,5"


@generated(
    st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=60), st.integers(3, 7)
)
def test_every_value_is_in_a_class_that_some_value_begins(values: list[float], number: int) -> None:
    """There are no more classes than asked for, and neither the first nor the last is empty."""
    classes = quantiles(values, number)
    assert len(classes.bounds) < number
    class_numbers = {classes.of(value) for value in values}
    assert {0, len(classes.bounds)} <= class_numbers
    assert list(classes.bounds) == sorted(set(classes.bounds))
