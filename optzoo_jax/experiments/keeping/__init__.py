"""Results as files, and where their numbers come from."""
