"""PURE: one action type as a form: its row in texts that a person edits, and back again.

A text that comes back as it was shown leaves its value exactly as it was stored.
"""
