"""PURE: drafts action types from tools that were described for something else.

`tools` reads the descriptions, `proposals` judges each, `drafts` makes a document of them.
"""
