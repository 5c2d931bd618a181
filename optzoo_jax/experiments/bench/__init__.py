"""What an optimizer costs, beside optax's and beside the memory floor: seconds, bytes, compilation, precision."""
