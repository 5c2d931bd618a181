"""The race: every optimizer on real problems, with the same trials for each."""
