"""Intake: takes a project from its submission to its delivery, stage by stage.

It owns projects (their stage, treatment with what was found in its way, guidance, review, trial,
pilot site, team, delivery), members with their departures and erasures, workshops with who
registered for them, and the keys of submissions that may be repeated.

The events that it hears and publishes are in `services/README.md`.
"""
