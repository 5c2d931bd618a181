"""What long work does in a terminal: it says how far it is, and Ctrl-C stops it where that is safe."""
