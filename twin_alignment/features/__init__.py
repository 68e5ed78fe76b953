"""Features and labels from files of many formats."""
