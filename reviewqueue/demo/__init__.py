"""The demo organisation: two teams with eight agents, thirty days of their history, and work that
waits. Everything goes through the verbs that people and agents use, at simulated instants."""
