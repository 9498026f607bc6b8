"""Figures for the lab's steering committee, of facts that events told of projects, data, members.

It owns the collection `steering`. A fact is kept by its event's id, or by its kind where only the
first time counts; so events may come twice and in any order. Figures are made of facts when they
are asked for.

What the figures say of whom:

- No name of a person is kept. Members are organisations.
- The reasons for which projects ended are people's words: the committee's page shows them, as the
  project's own page does; neither the CSV nor the yearly report has them.
- Fewer than `FEWEST_PERSONS` persons are told as « moins de 5 » (figure_rows.py), and persons are
  counted for a year as a whole only, so that no group can be had by subtraction.
- How long one member takes to answer is for operators. Others see medians over at least
  `FEWEST_MEMBERS` members, and « moins de 3 membres » instead of any other;
  so does everybody who asks for the yearly report.
- What an erased member wrote is taken out as the timeline's words are (services/notify/endings.py).
"""
