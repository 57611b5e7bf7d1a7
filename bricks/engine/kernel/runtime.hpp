// What a generated kernel is compiled with: functions of a number, and what runtime.cpp does for it.
//
// Loops over the columns of a row are left to the compiler's vectoriser, so the functions here have no branches. NaN
// goes through all of them. No header of the C++ library is included: a kernel is compiled while somebody waits.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "xla/ffi/api/c_api.h"

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

namespace bricks {

template <class T> inline T largest(T a, T b) { return a != a || a > b ? a : b; }
template <class T> inline T smallest(T a, T b) { return a != a || a < b ? a : b; }

// Of the C library: the first two are instructions, the others one number at a time.
#define BRICKS_LIBRARY(name, called)                                \
  inline float name(float x) { return __builtin_##called##f(x); }   \
  inline double name(double x) { return __builtin_##called(x); }
BRICKS_LIBRARY(sqrt, sqrt)
BRICKS_LIBRARY(abs, fabs)
BRICKS_LIBRARY(floor, floor)
BRICKS_LIBRARY(ceil, ceil)
BRICKS_LIBRARY(expm1, expm1)
BRICKS_LIBRARY(sin, sin)
BRICKS_LIBRARY(cos, cos)
BRICKS_LIBRARY(tan, tan)
BRICKS_LIBRARY(sinh, sinh)
BRICKS_LIBRARY(cosh, cosh)
BRICKS_LIBRARY(atan, atan)
BRICKS_LIBRARY(log2, log2)
BRICKS_LIBRARY(log10, log10)
BRICKS_LIBRARY(erf, erf)
BRICKS_LIBRARY(erfc, erfc)
#undef BRICKS_LIBRARY
inline float pow(float x, float y) { return __builtin_powf(x, y); }
inline double pow(double x, double y) { return __builtin_pow(x, y); }
template <class T> inline T sign(T x) { return x != x ? x : T(x > 0) - T(x < 0); }

// tanh: odd rational, numerator of degree 13 and denominator of degree 6 (the coefficients that Eigen and XLA use);
// beyond the clamp the result is 1 to the last bit of float32.
inline float tanh(float v) {
  float x = v < -7.90531110763549805f ? -7.90531110763549805f : v;
  x = x > 7.90531110763549805f ? 7.90531110763549805f : x;
  float y = x * x;
  float p = -2.76076847742355e-16f;
  p = p * y + 2.00018790482477e-13f;
  p = p * y + -8.60467152213735e-11f;
  p = p * y + 5.12229709037114e-08f;
  p = p * y + 1.48572235717979e-05f;
  p = p * y + 6.37261928875436e-04f;
  p = p * y + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * y + 1.18534705686654e-04f;
  q = q * y + 2.26843463243900e-03f;
  q = q * y + 4.89352518554385e-03f;
  return x * (p / q);
}
inline double tanh(double x) { return __builtin_tanh(x); }
template <class T> inline T sigmoid(T x) { return T(0.5) * tanh(T(0.5) * x) + T(0.5); }

// exp(x) = 2^n exp(r), |r| <= log(2) / 2, by its series to degree 7; 2^n in two factors, so that all exponents work.
inline float exp(float v) {
  float x = v < -104.0f ? -104.0f : v;
  x = x > 89.0f ? 89.0f : x;
  float n = __builtin_rintf(x * 1.44269504f);
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // log(2) in two parts, the first exact times n
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  int32_t k = int32_t(n == n ? n : 0.0f), half = k >> 1;
  int32_t bits[2] = {(half + 127) << 23, (k - half + 127) << 23};
  float a, b;
  __builtin_memcpy(&a, &bits[0], 4);
  __builtin_memcpy(&b, &bits[1], 4);
  return p * a * b;
}
inline double exp(double x) { return __builtin_exp(x); }

// log(x) = e log(2) + 2 atanh(s), s = (m - 1) / (m + 1), x = m 2^e with sqrt(1/2) <= m < sqrt(2).
inline float log(float v) {
  bool tiny = v < 1.17549435e-38f;
  float x = tiny ? v * 8388608.0f : v;
  int32_t i;
  __builtin_memcpy(&i, &x, 4);
  int32_t e = (i - 0x3f3504f3) >> 23;
  i -= e << 23;
  float m;
  __builtin_memcpy(&m, &i, 4);
  float s = (m - 1.0f) / (m + 1.0f), z = s * s;
  float p = 2.0f / 9;
  p = p * z + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  float k = float(e) - (tiny ? 23.0f : 0.0f);
  float y = k * 0.693359375f + (2.0f * s + (s * z * p - k * 2.12194440e-4f));
  y = v == 0.0f ? -INFINITY : y;
  y = v < 0.0f ? NAN : y;
  return v != v || v == INFINITY ? v : y;
}
inline double log(double x) { return __builtin_log(x); }
inline float log1p(float x) {
  float u = 1.0f + x;
  float y = log(u) + (x - (u - 1.0f)) / u;
  y = u == 0.0f ? -INFINITY : y;
  return u == INFINITY ? u : y;
}
inline double log1p(double x) { return __builtin_log1p(x); }
template <class T> inline T softplus(T x) { return largest(x, T(0)) + log1p(exp(-abs(x))); }

// Products: C (rows x n) = A (rows x k) B (k x n). B lies in panels of two vectors, or as it came.
#if defined(__AVX512F__)
constexpr int kBytes = 64, kRows = 12;
#elif defined(__AVX__)
constexpr int kBytes = 32, kRows = 6;
#else
constexpr int kBytes = 16, kRows = 6;
#endif
template <class T> constexpr long lanes = kBytes / sizeof(T);
template <class T> constexpr long panel = 2 * lanes<T>;

template <class T> struct Matrix {  // a right factor, (k x n); `step` from panel to panel
  const T* data;
  long k, n, ldb, step;
};

template <class T> constexpr long packed_size(long k, long n) { return (n + panel<T> - 1) / panel<T> * panel<T> * k; }
template <class T> constexpr size_t aligned(long count) { return (count * sizeof(T) + 63) / 64 * 64; }

void product(long rows, const float* a, long lda, const Matrix<float>& b, float* c, long ldc);
void product(long rows, const double* a, long lda, const Matrix<double>& b, double* c, long ldc);
void pack(const XLA_FFI_CallFrame* frame, long pool, Matrix<float>& matrix, float* to);
void pack(const XLA_FFI_CallFrame* frame, long pool, Matrix<double>& matrix, double* to);

// Threads, which are XLA's, slices of the batch, and memory.
long threads(const XLA_FFI_CallFrame* frame);
void parallel(const XLA_FFI_CallFrame* frame, long pool, long count, void (*run)(void*, long), void* data);
long slices(long batch, long pool, double work);
char* scratch(size_t bytes);
XLA_FFI_Error* refused(const XLA_FFI_CallFrame* frame, const char* message);
bool asks_for_version(XLA_FFI_CallFrame* frame);

template <class T> T* argument(const XLA_FFI_CallFrame* frame, long i) {
  return (T*)((XLA_FFI_Buffer*)frame->args.args[i])->data;
}
template <class T> T* result(const XLA_FFI_CallFrame* frame, long i) {
  return (T*)((XLA_FFI_Buffer*)frame->rets.rets[i])->data;
}
inline long dimension(const XLA_FFI_CallFrame* frame, long i, long axis) {
  return ((XLA_FFI_Buffer*)frame->args.args[i])->dims[axis];
}

}  // namespace bricks
