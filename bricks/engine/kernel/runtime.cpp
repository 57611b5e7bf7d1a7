// What all kernels share, compiled once: products of rows by a matrix, threads, memory.
#include "runtime.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

namespace bricks {

// Products. Each element is summed over k in order, whatever the number of
// rows, so that a row's result does not depend on which slice it is in. B lies in panels as wide as two vectors.
template <class T> struct Vector;
template <> struct Vector<float> {
  typedef float type __attribute__((vector_size(kBytes), aligned(4), may_alias));
};
template <> struct Vector<double> {
  typedef double type __attribute__((vector_size(kBytes), aligned(8), may_alias));
};

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

template <class T> void multiply(long rows, const T* a, long lda, const Matrix<T>& b, T* c, long ldc) {
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

long threads(const XLA_FFI_CallFrame* frame) {
  int64_t count = 1;
  XLA_FFI_ThreadPool_NumThreads_Args ask{XLA_FFI_ThreadPool_NumThreads_Args_STRUCT_SIZE, nullptr, frame->ctx, &count};
  if (XLA_FFI_Error* error = frame->api->XLA_FFI_ThreadPool_NumThreads(&ask)) {
    XLA_FFI_Error_Destroy_Args gone{XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, nullptr, error};
    frame->api->XLA_FFI_Error_Destroy(&gone);
    return 1;
  }
  return std::max<long>(1, count);
}

void parallel(const XLA_FFI_CallFrame* frame, long pool, long count, void (*run)(void*, long), void* data) {
  auto job = std::make_shared<Job>();
  job->run = run;
  job->data = data;
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
  for (long spins = 0; job->done.load(std::memory_order_acquire) < count; spins++)
    if (spins > 1000) std::this_thread::yield();
}

// A matrix in panels, at `to`.
template <class T> void pack_panels(const XLA_FFI_CallFrame* frame, long pool, Matrix<T>& matrix, T* to) {
  const Matrix<T> from = matrix;
  auto one = [from, to](long i) {
    T* here = to + i * from.k * panel<T>;
    const long first = i * panel<T>, columns = std::min(panel<T>, from.n - first);
    for (long l = 0; l < from.k; l++, here += panel<T>) {
      for (long q = 0; q < columns; q++) here[q] = from.data[l * from.n + first + q];
      for (long q = columns; q < panel<T>; q++) here[q] = T(0);
    }
  };
  auto run = [](void* data, long i) { (*(decltype(one)*)data)(i); };
  parallel(frame, from.k * from.n < 65536 ? 1 : pool, (from.n + panel<T> - 1) / panel<T>, run, &one);
  matrix = {to, from.k, from.n, panel<T>, from.k * panel<T>};
}

// How many slices of the batch: a thread one, or several where they would be longer than a cache likes.
long slices(long batch, long pool, double work) {
  if (work < 1e6 || pool == 1) pool = 1;
  return std::max<long>(1, std::min(batch, pool * ((batch + pool * 64 - 1) / (pool * 64))));
}

// Memory of a thread that stays between calls and only grows.
char* scratch(size_t bytes) {
  struct Kept {
    char* data = nullptr;
    size_t size = 0;
    ~Kept() { std::free(data); }
  };
  thread_local Kept kept;
  if (kept.size < bytes || !kept.data) {
    std::free(kept.data);
    kept.size = (bytes / 4096 + 1) * 4096;  // some, also where none is asked for: nullptr says that there is none
    kept.data = (char*)std::aligned_alloc(4096, kept.size);
    if (!kept.data) kept.size = 0;
  }
  return kept.data;
}

XLA_FFI_Error* refused(const XLA_FFI_CallFrame* frame, const char* message) {
  XLA_FFI_Error_Create_Args ask{XLA_FFI_Error_Create_Args_STRUCT_SIZE, nullptr, message,
                                XLA_FFI_Error_Code_RESOURCE_EXHAUSTED};
  return frame->api->XLA_FFI_Error_Create(&ask);
}

// XLA asks once, without data, which version of the interface a handler was built for.
bool asks_for_version(XLA_FFI_CallFrame* frame) {
  auto* extension = frame->extension_start;
  if (!extension || extension->type != XLA_FFI_Extension_Metadata) return false;
  auto* metadata = ((XLA_FFI_Metadata_Extension*)extension)->metadata;
  metadata->api_version.major_version = XLA_FFI_API_MAJOR;
  metadata->api_version.minor_version = XLA_FFI_API_MINOR;
  metadata->traits = 0;
  return true;
}

void product(long rows, const float* a, long lda, const Matrix<float>& b, float* c, long ldc) {
  multiply(rows, a, lda, b, c, ldc);
}
void product(long rows, const double* a, long lda, const Matrix<double>& b, double* c, long ldc) {
  multiply(rows, a, lda, b, c, ldc);
}
void pack(const XLA_FFI_CallFrame* frame, long pool, Matrix<float>& matrix, float* to) {
  pack_panels(frame, pool, matrix, to);
}
void pack(const XLA_FFI_CallFrame* frame, long pool, Matrix<double>& matrix, double* to) {
  pack_panels(frame, pool, matrix, to);
}

}  // namespace bricks
