"""One whole lab, with every service and server, from the first request to the delivery."""
