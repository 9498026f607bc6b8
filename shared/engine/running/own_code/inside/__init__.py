"""What stands around holders' own code in its process: it is as untrusted as that code."""
