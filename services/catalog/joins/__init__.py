"""Which columns of the catalogue can be joined: an exact inverted index of their values."""
