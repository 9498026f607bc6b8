"""The commands of `datalab`, one module for each group."""
