"""Planning: the runs that settings request, the type of a stage, and the places of results."""
