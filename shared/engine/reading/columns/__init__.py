"""What columns hold: types, codes and places."""
