"""The contract between the engine and its host: what it is told, what it leaves, what it sees."""
