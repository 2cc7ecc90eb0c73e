"""What is out there: a disposable index per container, and a summary over all of them."""
