"""What is found by what is computed of documents, in memory or in the document server."""
