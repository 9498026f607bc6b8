"""What is to be said of the last table of a treatment."""
