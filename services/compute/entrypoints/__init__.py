"""What compute offers by HTTP and RPC, one module for each side it is offered to."""
