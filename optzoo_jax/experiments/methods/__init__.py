"""Who takes part: the library's optimizers by name, and those of the user's own."""
