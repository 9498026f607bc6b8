"""Reads files of geographic data into tables of text: Shapefile, GeoPackage, KML and GPX."""
