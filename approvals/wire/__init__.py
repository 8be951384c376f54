"""PURE: other libraries' interrupts read as calls, and verdicts written as they expect them.

Nothing of theirs is imported: it is JSON on both sides.
"""
