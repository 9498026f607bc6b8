"""How things end in the catalogue: a membership, a member's data, who used which data."""
