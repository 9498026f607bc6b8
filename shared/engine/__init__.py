"""The engine: what tables hold, what applications do to them, and what treatments read and show.

It knows no service, server or HTTP. What reads bytes and runs treatments is in compute's sandbox.
"""
