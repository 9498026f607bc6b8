"""What is known of catalogues: how they are written, and what is read out of their pages."""
