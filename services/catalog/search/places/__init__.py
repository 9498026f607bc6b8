"""Which places a question names, and how well a territory serves who asks for them."""
