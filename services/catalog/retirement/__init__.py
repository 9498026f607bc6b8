"""The end of datasets: retired from the catalogue, or deleted with all that is theirs."""
