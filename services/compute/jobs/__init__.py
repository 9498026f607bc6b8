"""Jobs and the workspaces that they run in: how they come to be, and what callers see of them."""
