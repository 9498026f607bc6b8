"""How catalogues are written, and the codes that they are written in."""
