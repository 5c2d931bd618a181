"""What the numbers of a race say, with their uncertainty: pure functions of a race file, in NumPy alone."""
