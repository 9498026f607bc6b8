"""What leaves the sandbox: rules for the figures that others' restricted data went into."""
