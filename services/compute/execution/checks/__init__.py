"""What is looked at in a sandbox before anything is queued."""
