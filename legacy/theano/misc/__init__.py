"""`theano.misc`: arrays of a dtype, pickles."""
