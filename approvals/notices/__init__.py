"""What people are told: who hears it, when, and in which words."""
