"""Compute: runs the applications of projects and datasets in a sandbox.

It owns workspaces with their quota, jobs and what they leave behind (manifests, result files);
files that it put into the store, until a job refers to them or they are erased (`written_files`);
whether all jobs name the hashes of theirs (`hash_indexes`).

The events that it hears and publishes are in `services/README.md`.
"""
