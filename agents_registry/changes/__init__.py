"""Writes the registry: people, teams, pools, calendars, chains, agents, workflows, action types.

`saving.save` is the one way in. Every write is one event on the row's stream, and rights are read
in the transaction that writes.
"""
