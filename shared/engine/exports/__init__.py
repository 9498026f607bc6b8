"""Writes tables as people take them away: typed Parquet, CSV and workbooks that Excel opens."""
