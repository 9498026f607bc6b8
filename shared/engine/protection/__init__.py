"""Tables that are protected once, so that whoever asks for a sum of their cells is answered."""
