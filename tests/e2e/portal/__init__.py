"""People and programs at the portal of one whole lab, by a browser."""
