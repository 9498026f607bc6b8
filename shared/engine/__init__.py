"""The engine: reads files, knows columns, runs treatments, judges what leaves, and draws.

It knows no service, server or HTTP: compute hosts it in a sandbox, where bytes are read and
treatments run. The services import `contract`, `tables`, `applications` and `analysis` alone.
"""
