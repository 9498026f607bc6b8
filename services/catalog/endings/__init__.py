"""How a membership ends in the catalogue: data is retired, and on request erased."""
