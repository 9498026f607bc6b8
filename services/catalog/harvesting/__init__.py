"""Harvests other catalogues: fetches their pages, has them read in the sandbox, keeps the records.

A harvest is a document that says what is to be done next, and when; the Harvester of any process
does it under a lease. Each step may be done twice: a crash repeats it, and changes nothing more.
"""
