"""How things end in every service: who left, what is erased of them, how long things are kept.

Each service owns, for itself, who left (collection `departures`) and what it announced to go
(`retained`); one that stores files, those of which it is not known yet whether anything refers to
them (`written_files`).
"""
