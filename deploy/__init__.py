"""How the lab is run: the local stack, the topology step, the container image and the demo."""
