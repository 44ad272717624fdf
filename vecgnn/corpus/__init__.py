"""A corpus of functions to learn from: made up, harvested and fetched programs, and their best packings."""
