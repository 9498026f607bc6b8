"""Compute: runs the applications of projects and datasets in a sandbox.

It owns workspaces with their quota, jobs and what they leave behind (manifests, result files).

The events that it hears and publishes are in `services/README.md`.
"""
