"""How an array is kept in fewer bits."""
