"""How results look, the same everywhere: in pictures and in tables."""
