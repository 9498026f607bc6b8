"""The story of one project on real data, told by the programs that live it."""
