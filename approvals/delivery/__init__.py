"""How a decision reaches whoever waits for it."""
