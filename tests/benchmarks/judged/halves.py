"""The two halves of what was judged before the rules were written."""

import argparse

HALVES = ("tuning", "held_out")
"""Rules are tuned on the first alone; the second tells how they do on what is new to them."""


def parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Reads `--half`, once or twice; without it `halves` is None, and both are meant."""
    parser = argparse.ArgumentParser(prog)
    parser.add_argument("--half", choices=HALVES, action="append", dest="halves")
    return parser
