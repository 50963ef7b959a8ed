"""The shop: models of every shape."""
