"""What the settings ask for: experiments as runs, and what a stage of the pipeline is."""
