"""What the registry's pages show, as frozen values with ready-made strings: read-only."""
