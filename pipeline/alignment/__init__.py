"""How alike two representations of the same inputs are. Nothing in here knows a file path."""
