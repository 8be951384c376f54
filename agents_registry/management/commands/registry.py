"""`manage.py registry`: the operating model as YAML, and tool schemas as drafts of action types."""
