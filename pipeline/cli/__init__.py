"""The command line: a file for each group of commands. Nothing here imports torch before a command needs it."""
