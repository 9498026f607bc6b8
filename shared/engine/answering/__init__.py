"""Answers treatments of restricted data from its protected tables, by form and never by its rows.

Whoever asks for sums of cells is answered at once; what comes of it holds nothing but cells of the
tables, so that a wrong answer here is a wrong figure and never another's secret.
"""
