"""What a cleaning is told: its operations, and what they make of columns."""
