"""Groups rows and adds up their figures."""
