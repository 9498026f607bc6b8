"""Harvests other catalogues: fetches their pages, has them read in the sandbox, keeps the records.

A harvest is a document that says what to do next, and when. The HarvestWorker of any process
does it under a lease. Each step may be done twice: a crash repeats it, and changes nothing more.
"""
