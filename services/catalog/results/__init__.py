"""What comes of crossing data: judged before it is made, registered, and opened by its owners."""
