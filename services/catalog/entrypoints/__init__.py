"""What the catalog offers by HTTP and RPC, one module for each side it is offered to."""

DATASET = "/datasets/{dataset_id}"
"""The path of a dataset."""
