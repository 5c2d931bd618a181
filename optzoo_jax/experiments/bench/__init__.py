"""What a step of an optimizer costs, beside optax's, torch's and the memory floor: seconds, bytes, compilation."""
