"""Programs by chapter of the language's contract."""
