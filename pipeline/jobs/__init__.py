"""Which results there are, what each is made from, and whether what is on disk is that. No science, and no torch."""
