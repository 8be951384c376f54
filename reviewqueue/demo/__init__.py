"""The demo organisation: two teams with their agents, thirty days of history, and work that
waits. Everything goes through the verbs that people and agents use, at simulated instants."""
