// What every generated kernel uses: vectorised functions, products of rows by a matrix, threads.
//
// A kernel is one function over plain pointers and a handler that XLA calls (its C interface for foreign
// functions). Loops over the columns of a row are left to the compiler's vectoriser, so the functions here
// have no branches. NaN goes through all of them.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "xla/ffi/api/c_api.h"

namespace bricks {

template <class T> inline T largest(T a, T b) { return a != a || a > b ? a : b; }
template <class T> inline T smallest(T a, T b) { return a != a || a < b ? a : b; }
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline float abs(float x) { return __builtin_fabsf(x); }
inline double abs(double x) { return __builtin_fabs(x); }
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
inline double tanh(double x) { return std::tanh(x); }
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
  std::memcpy(&a, &bits[0], 4);
  std::memcpy(&b, &bits[1], 4);
  return p * a * b;
}
inline double exp(double x) { return std::exp(x); }

// log(x) = e log(2) + 2 atanh(s), s = (m - 1) / (m + 1), x = m 2^e with sqrt(1/2) <= m < sqrt(2).
inline float log(float v) {
  bool tiny = v < 1.17549435e-38f;
  float x = tiny ? v * 8388608.0f : v;
  int32_t i;
  std::memcpy(&i, &x, 4);
  int32_t e = (i - 0x3f3504f3) >> 23;
  i -= e << 23;
  float m;
  std::memcpy(&m, &i, 4);
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
inline double log(double x) { return std::log(x); }
inline float log1p(float x) {
  float u = 1.0f + x;
  float y = log(u) + (x - (u - 1.0f)) / u;
  return u == INFINITY ? u : y;
}
inline double log1p(double x) { return std::log1p(x); }
template <class T> inline T softplus(T x) { return largest(x, T(0)) + log1p(exp(-abs(x))); }

// Products. C (rows x n) = A (rows x k) B (k x n): each element is summed over k in order, whatever the number of
// rows, so that a row's result does not depend on which slice it is in. B lies in panels as wide as two vectors.
#if defined(__AVX512F__)
constexpr int kBytes = 64, kRows = 12;
#elif defined(__AVX__)
constexpr int kBytes = 32, kRows = 6;
#else
constexpr int kBytes = 16, kRows = 6;
#endif
template <class T> struct Vector;
template <> struct Vector<float> {
  typedef float type __attribute__((vector_size(kBytes), aligned(4), may_alias));
};
template <> struct Vector<double> {
  typedef double type __attribute__((vector_size(kBytes), aligned(8), may_alias));
};
template <class T> constexpr long lanes = kBytes / sizeof(T);
template <class T> constexpr long panel = 2 * lanes<T>;

// `R` rows by `P` panels that lie `step` apart, rows of B `ldb` apart; `columns` of the last one are there.
template <class T, int R, int P>
__attribute__((always_inline)) inline void block(long k, const T* a, long lda, const T* b, long ldb, long step, T* c,
                                                 long ldc, long columns) {
  typedef typename Vector<T>::type V;
  V sum[R][2 * P];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 8
    for (int q = 0; q < 2 * P; q++) sum[i][q] = V{};
  for (long l = 0; l < k; l++) {
#pragma GCC unroll 8
    for (int q = 0; q < 2 * P; q++) {
      V right = *(const V*)(b + l * ldb + (q >> 1) * step + (q & 1) * lanes<T>);
#pragma GCC unroll 16
      for (int i = 0; i < R; i++) sum[i][q] += a[i * lda + l] * right;
    }
  }
  for (int i = 0; i < R; i++) {
    T* row = c + i * ldc;
    if (columns >= P * panel<T>) {
#pragma GCC unroll 8
      for (int q = 0; q < 2 * P; q++) *(V*)(row + q * lanes<T>) = sum[i][q];
    } else {
      T whole[2 * P * lanes<T>];
      for (int q = 0; q < 2 * P; q++) *(V*)(whole + q * lanes<T>) = sum[i][q];
      std::memcpy(row, whole, columns * sizeof(T));
    }
  }
}

template <class T, int P, int R = kRows>
inline void some_rows(long rows, long k, const T* a, long lda, const T* b, long ldb, long step, T* c, long ldc,
                      long columns) {
  if constexpr (R > 0) {
    if (rows == R)
      block<T, R, P>(k, a, lda, b, ldb, step, c, ldc, columns);
    else
      some_rows<T, P, R - 1>(rows, k, a, lda, b, ldb, step, c, ldc, columns);
  }
}

template <class T> struct Matrix {  // a right factor, (k x n)
  const T* data;
  long k, n, ldb, step;
};

template <class T> long packed_size(long k, long n) { return (n + panel<T> - 1) / panel<T> * panel<T> * k; }

template <class T> size_t aligned(long count) { return (count * sizeof(T) + 63) / 64 * 64; }

template <class T> void product(long rows, const T* a, long lda, const Matrix<T>& b, T* c, long ldc) {
  if (rows <= kRows / 4) {  // few rows: more columns at once keep the multipliers busy
    constexpr int P = 4;
    long j = 0;
    for (; j + P * panel<T> <= b.n; j += P * panel<T>)
      some_rows<T, P, kRows / 4>(rows, b.k, a, lda, b.data + j / panel<T> * b.step, b.ldb, b.step, c + j, ldc,
                                 P * panel<T>);
    for (; j < b.n; j += panel<T>)
      some_rows<T, 1, kRows / 4>(rows, b.k, a, lda, b.data + j / panel<T> * b.step, b.ldb, b.step, c + j, ldc, b.n - j);
    return;
  }
  long blocks = (rows + kRows - 1) / kRows;
  for (long j = 0; j < b.n; j += panel<T>)
    for (long q = 0; q < blocks; q++) {
      long from = rows * q / blocks, to = rows * (q + 1) / blocks;
      some_rows<T, 1>(to - from, b.k, a + from * lda, lda, b.data + j / panel<T> * b.step, b.ldb, b.step,
                      c + from * ldc + j, ldc, b.n - j);
    }
}

// Threads: those of XLA. Who calls takes part; a task that comes late finds nothing left to do, so that a pool all of
// whose threads are busy costs time and never waits for itself.
struct Job {
  void (*run)(void*, long);
  void* data;
  long count;
  std::atomic<long> next{0}, done{0};
  void work() {
    for (long i; (i = next.fetch_add(1)) < count;) {
      run(data, i);
      done.fetch_add(1, std::memory_order_release);
    }
  }
};

inline long threads(const XLA_FFI_CallFrame* frame) {
  int64_t count = 1;
  XLA_FFI_ThreadPool_NumThreads_Args ask{XLA_FFI_ThreadPool_NumThreads_Args_STRUCT_SIZE, nullptr, frame->ctx, &count};
  if (XLA_FFI_Error* error = frame->api->XLA_FFI_ThreadPool_NumThreads(&ask)) {
    XLA_FFI_Error_Destroy_Args gone{XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, nullptr, error};
    frame->api->XLA_FFI_Error_Destroy(&gone);
    return 1;
  }
  return std::max<long>(1, count);
}

template <class F> void parallel(const XLA_FFI_CallFrame* frame, long pool, long count, F& body) {
  auto job = std::make_shared<Job>();
  job->run = [](void* data, long i) { (*(F*)data)(i); };
  job->data = &body;
  job->count = count;
  for (long i = 1; i < std::min(pool, count); i++) {
    auto* held = new std::shared_ptr<Job>(job);
    auto task = [](void* data) {
      auto* held = (std::shared_ptr<Job>*)data;
      (*held)->work();
      delete held;
    };
    XLA_FFI_ThreadPool_Schedule_Args ask{XLA_FFI_ThreadPool_Schedule_Args_STRUCT_SIZE, nullptr, frame->ctx, task, held};
    if (XLA_FFI_Error* error = frame->api->XLA_FFI_ThreadPool_Schedule(&ask)) {
      XLA_FFI_Error_Destroy_Args gone{XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, nullptr, error};
      frame->api->XLA_FFI_Error_Destroy(&gone);
      delete held;
    }
  }
  job->work();
  while (job->done.load(std::memory_order_acquire) < count) __builtin_ia32_pause();
}

// A matrix in panels, at `to`.
template <class T> void pack(const XLA_FFI_CallFrame* frame, long pool, Matrix<T>& matrix, T* to) {
  const Matrix<T> from = matrix;
  auto one = [&from, to](long i) {
    T* here = to + i * from.k * panel<T>;
    const long first = i * panel<T>, columns = std::min(panel<T>, from.n - first);
    for (long l = 0; l < from.k; l++, here += panel<T>) {
      for (long q = 0; q < columns; q++) here[q] = from.data[l * from.n + first + q];
      for (long q = columns; q < panel<T>; q++) here[q] = T(0);
    }
  };
  parallel(frame, from.k * from.n < 65536 ? 1 : pool, (from.n + panel<T> - 1) / panel<T>, one);
  matrix = {to, from.k, from.n, panel<T>, from.k * panel<T>};
}

// How many slices of the batch: a thread one, or several where they would be longer than a cache likes.
inline long slices(long batch, long pool, double work) {
  if (work < 1e6 || pool == 1) pool = 1;
  return std::max<long>(1, std::min(batch, pool * ((batch + pool * 64 - 1) / (pool * 64))));
}

// Memory of a thread that stays between calls and only grows.
inline char* scratch(size_t bytes) {
  struct Kept {
    char* data = nullptr;
    size_t size = 0;
    ~Kept() { std::free(data); }
  };
  thread_local Kept kept;
  if (kept.size < bytes) {
    std::free(kept.data);
    kept.size = (bytes + 4095) / 4096 * 4096;
    kept.data = (char*)std::aligned_alloc(4096, kept.size);
    if (!kept.data) kept.size = 0;
  }
  return kept.data;
}

inline XLA_FFI_Error* refused(const XLA_FFI_CallFrame* frame, const char* message) {
  XLA_FFI_Error_Create_Args ask{XLA_FFI_Error_Create_Args_STRUCT_SIZE, nullptr, message,
                                XLA_FFI_Error_Code_RESOURCE_EXHAUSTED};
  return frame->api->XLA_FFI_Error_Create(&ask);
}

// XLA asks once, without data, which version of the interface a handler was built for.
inline bool asks_for_version(XLA_FFI_CallFrame* frame) {
  auto* extension = frame->extension_start;
  if (!extension || extension->type != XLA_FFI_Extension_Metadata) return false;
  auto* metadata = ((XLA_FFI_Metadata_Extension*)extension)->metadata;
  metadata->api_version.major_version = XLA_FFI_API_MAJOR;
  metadata->api_version.minor_version = XLA_FFI_API_MINOR;
  metadata->traits = 0;
  return true;
}

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
