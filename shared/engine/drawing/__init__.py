"""Charts, maps and reports: what people see of a table."""
