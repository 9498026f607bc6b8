"""What is decided on a dataset beyond its description, and by whom: its opening, its end."""
