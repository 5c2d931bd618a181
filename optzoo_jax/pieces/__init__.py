"""The parts that optimizers are made of; a file says what the stream is."""
