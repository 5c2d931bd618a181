"""The command `optzoo`: a file a subcommand, which parses, calls what does the work, and prints."""
