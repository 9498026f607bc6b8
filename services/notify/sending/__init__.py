"""How deliveries reach endpoints: what is due, whose turn it is, the call, who is left alone."""
