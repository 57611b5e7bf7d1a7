from pytensor.tensor import *
from pytensor.gradient import grad
