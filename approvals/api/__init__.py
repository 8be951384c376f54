"""The REST contract: what agents send and are answered, with no rule in it."""
