"""Datasets that are files: lists what is in an upload, and hands it to own code as it is."""
