"""What a treatment reads, makes and risks, found from what is known of its tables."""
