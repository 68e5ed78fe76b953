"""Tables and figures from plain CSV files."""
