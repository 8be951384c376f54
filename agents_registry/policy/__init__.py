"""PURE: judges one action by the policy of its type: facts in, verdict out.

No database, no clock, no Django in here. `documents` reads a policy, `evaluate` judges by it.
"""
