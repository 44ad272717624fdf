"""What a module is, and what depends on what in it."""
