"""What the sandbox reads out of other catalogues' pages."""
