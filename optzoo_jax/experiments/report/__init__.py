"""The report of a race: one HTML file that opens from disk, with everything that was measured."""
