"""Starts what Review Queue needs on one machine, and stops exactly what it started."""
