"""What one visitor may bring: heads of requests, bodies of forms, repeated attempts."""
