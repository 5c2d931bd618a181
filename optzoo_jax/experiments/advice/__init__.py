"""Which optimizer? What a race has found for a task like the user's; a source's word where nothing was measured."""
