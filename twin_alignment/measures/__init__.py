"""How alike representations are, exactly and without N x N matrices.

`compare` takes two arrays of features, `Accumulator` a stream of batches of any number of representations.
"""
