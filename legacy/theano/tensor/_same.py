"""Names of `theano.tensor` that PyTensor has as they were, gathered from where its version keeps them."""

import importlib

NAMES = """
    as_tensor_variable constant get_vector_length cast TensorConstant TensorSharedVariable TensorType

    bscalar wscalar iscalar lscalar fscalar dscalar cscalar zscalar bvector wvector ivector lvector fvector dvector
    cvector zvector brow wrow irow lrow frow drow crow zrow bcol wcol icol lcol fcol dcol ccol zcol bmatrix wmatrix
    imatrix lmatrix fmatrix dmatrix cmatrix zmatrix btensor3 wtensor3 itensor3 ltensor3 ftensor3 dtensor3 ctensor3
    ztensor3 btensor4 wtensor4 itensor4 ltensor4 ftensor4 dtensor4 ctensor4 ztensor4 btensor5 wtensor5 itensor5 ltensor5
    ftensor5 dtensor5 ctensor5 ztensor5 btensor6 wtensor6 itensor6 ltensor6 ftensor6 dtensor6 ctensor6 ztensor6 btensor7
    wtensor7 itensor7 ltensor7 ftensor7 dtensor7 ctensor7 ztensor7 iscalars lscalars fscalars dscalars ivectors lvectors
    fvectors dvectors irows lrows frows drows icols lcols fcols dcols imatrices lmatrices fmatrices dmatrices scalars
    vectors rows cols matrices

    add sub mul true_div int_div floor_div ceil_intdiv mod mod_check pow power divmod neg sqr square sqrt exp exp2
    expm1 log log2 log10 log1p ceil floor trunc round_half_to_even clip maximum
    minimum largest smallest deg2rad rad2deg cos arccos sin arcsin tan arctan arctan2 cosh arccosh sinh arcsinh tanh
    arctanh erf erfc erfcx erfinv erfcinv gamma gammaln psi tri_gamma chi2sf gammainc gammaincc gammau gammal j0 j1 jv
    i0 i1 iv real imag angle complex conj lt gt le ge eq neq isnan isinf isnan_ isinf_ allclose
    isclose switch where and_ or_ xor invert bitwise_and bitwise_or bitwise_xor bitwise_not

    sum prod max min argmax argmin var std any all ptp cov cumsum cumprod diff bincount makeKeepDims

    zeros ones zeros_like ones_like fill second alloc eye identity_like tri tril triu arange mgrid ogrid diag diagonal
    tensor_copy identity transfer transpose swapaxes shape specify_shape shape_padleft shape_padright shape_padaxis
    join concatenate roll tile horizontal_stack vertical_stack stacklists is_flat squeeze repeat compress searchsorted
    unravel_index ravel_multi_index bartlett fill_diagonal fill_diagonal_offset permute_row_elements
    inverse_permutation sort argsort nonzero flatnonzero nonzero_values choose set_subtensor inc_subtensor
    dot tensordot outer

    tensor_from_scalar scalar_from_tensor advanced_subtensor advanced_inc_subtensor
    make_vector

    ARange AdvancedIncSubtensor AdvancedSubtensor All Alloc AllocDiag AllocEmpty Any Argmax CAReduce Choose
    DimShuffle Dot Elemwise ExtractDiag Eye IncSubtensor Join MakeSlice MakeVector Max Min NoneTypeT Nonzero
    NotScalarConstantError PermuteRowElements Prod ProdWithoutZeros Reshape ScalarFromTensor Shape SliceType
    SpecifyShape Split Subtensor Sum TensorFromScalar

    all_dtypes complex_dtypes continuous_dtypes discrete_dtypes float_dtypes int_dtypes integer_dtypes uint_dtypes
    int_types float_types complex_types int_scalar_types float_scalar_types complex_scalar_types int_vector_types
    float_vector_types complex_vector_types int_matrix_types float_matrix_types complex_matrix_types
""".split()

_HOMES = (
    "",
    "basic",
    "math",
    "subtensor",
    "extra_ops",
    "shape",
    "elemwise",
    "type",
    "type_other",
    "variable",
    "sharedvar",
)


def gather() -> dict:
    """{name: what PyTensor has of that name}; what its version lacks is left out."""
    modules = [importlib.import_module(f"pytensor.tensor.{home}".rstrip(".")) for home in _HOMES]
    found = {}
    for name in NAMES:
        module = next((m for m in modules if hasattr(m, name)), None)
        if module is not None:
            found[name] = getattr(module, name)
    return found
