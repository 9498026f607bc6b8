"""A list of each month for two years, with one person more or less in each commune each time.

So a service is renewed that reads others' restricted data by their protected tables.
"""

from collections.abc import Hashable, Sequence
from random import Random

from shared.engine.contract.policy import ReleasePolicy
from tests.attacks.lab import Seen
from tests.attacks.learning import Trial
from tests.attacks.tables.catalogue import Catalogue
from tests.attacks.tables.towns import ANSWER, Inhabitant, communes, inhabitant, restricted
from tests.attacks.worlds import coin, person_ids

_PLACES, _PEOPLE, _MONTHS, _DAYS = 8, 45, 24, 30


def monthly(random: Random, made_by: ReleasePolicy, *, leaves: bool) -> Sequence[Trial]:
    """What is true of one in each commune that came, or left, in a month that is known."""
    places, month = communes(_PLACES), random.randrange(1, _MONTHS)
    ids = iter(person_ids(random, _PLACES * (_PEOPLE + _MONTHS + 1)))
    lists = {
        place: [inhabitant(random, next(ids), place) for _ in range(_PEOPLE)] for place in places
    }
    truths = {place: coin(random) for place in places}
    wanted = {
        place: inhabitant(random, next(ids), place, rsa=ANSWER[truths[place]]) for place in places
    }
    catalogue, pages = Catalogue(), list[Seen]()
    for number in range(_MONTHS):
        for place in places:
            _change(random, lists[place], inhabitant(random, next(ids), place))
            if leaves == (number < month):
                _put(lists[place], wanted[place])
            elif wanted[place] in lists[place]:
                lists[place].remove(wanted[place])
        rows = [person for people in lists.values() for person in people]
        catalogue.deposit(restricted(random, rows, version=number + 1), made_by)
        pages.append(catalogue.seen())
        assert pages[-1].rows, "an attacker who sees nothing tries nothing"
        catalogue.pass_days(_DAYS)
    return [Trial(truth, _changes(pages, place, month)) for place, truth in truths.items()]


def _put(people: list[Inhabitant], person: Inhabitant) -> None:
    if person not in people:
        people.append(person)


def _change(random: Random, people: list[Inhabitant], other: Inhabitant) -> None:
    """One more, or one less, of whom nothing is known."""
    if random.random() < 0.5:
        people.append(other)
    else:
        people.pop(0)


def _changes(pages: Sequence[Seen], place: str, month: int) -> dict[str, Hashable]:
    """By how much figures changed in that month, since the first one, and to the last one."""
    features: dict[str, Hashable] = {}
    for answer in ANSWER.values():
        counts = [page.cell("nombre", commune=place, rsa=answer) for page in pages]
        spans = {"month": (month - 1, month), "before": (0, month), "after": (month, -1)}
        for name, (first, last) in spans.items():
            before, after = counts[first], counts[last]
            is_known = before is not None and after is not None
            change = after - before if is_known else None
            features[f"{name} {answer}"] = change
            # Of noisy figures no two are alike: whether one fell is.
            features[f"{name} {answer} fell"] = change and change < 0
    return features
