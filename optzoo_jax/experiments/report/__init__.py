"""What a race has found, from its file alone: five answers, in a terminal, on a page and in the docs."""
