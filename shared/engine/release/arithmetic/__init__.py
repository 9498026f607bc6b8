"""What follows from released figures by adding them up and taking them off each other."""
