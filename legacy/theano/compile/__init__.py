"""`theano.compile`: functions, inputs, shared variables and modes under their old names."""

from pytensor.compile.io import In, Out, SymbolicInput, SymbolicOutput
from pytensor.compile.sharedvalue import SharedVariable

from theano.compile.function import function
from theano.compile.function_module import Function, UnusedInputError
