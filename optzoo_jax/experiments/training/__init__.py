"""Training runs of a problem: all learning rates and seeds in one compiled program."""
