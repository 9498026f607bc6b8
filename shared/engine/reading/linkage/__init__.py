"""Which values of a table join it to others, by themselves and through crosswalks."""
