"""Jobs: how they come to be, their one life, and what callers see of them."""
