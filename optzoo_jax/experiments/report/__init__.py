"""A race's record, shown: in tables, as a picture, and as one HTML file with everything that was measured."""
