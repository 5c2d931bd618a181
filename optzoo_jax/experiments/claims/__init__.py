"""What the sources say of behaviour, each with an experiment, its numbers and a verdict."""
