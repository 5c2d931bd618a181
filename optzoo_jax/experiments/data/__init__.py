"""Real data that comes inside packages: a source a file, read when it is asked for, nothing downloaded."""
