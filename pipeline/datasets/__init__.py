"""From image sources to array stores and class subsets."""
