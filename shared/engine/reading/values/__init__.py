"""How values are written: tests of whole columns of texts, numbers, units, days, geometries."""
