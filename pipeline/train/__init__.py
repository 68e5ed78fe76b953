"""Train twins on one stream: optimiser, schedule, checkpoints and the loop."""
