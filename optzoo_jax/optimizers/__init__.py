"""The named optimizers: one paper, one file, one chain of parts."""
