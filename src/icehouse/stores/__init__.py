"""The outside world: the store protocols and one package per system."""
