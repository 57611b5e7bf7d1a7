"""The functions of a number that kernels are compiled with, against those of float64: as exact as they say."""

import subprocess

import jax
import pytest

from bricks.engine.kernel import build

PROGRAM = r"""
#include "runtime.hpp"
#include <cmath>
#include <cstdio>
#include <thread>
#include <vector>

// Units in the last place of the float32 nearest to the true value, which below the normal numbers do not shrink.
double ulps(float got, double wanted) {
  if (std::isnan(wanted)) return std::isnan(got) ? 0 : 1e9;
  float near = float(wanted);
  if (std::isinf(near) || std::isinf(got)) return near == got ? 0 : 1e9;
  int e = std::ilogb(std::fmax(std::fabs(wanted), 1.1754944e-38));
  return std::fabs(got - wanted) / std::ldexp(1.0, e - 23);
}

struct Worst { double tanh = 0, sigmoid = 0, outside = 0, exp = 0, log = 0, log1p = 0, softplus = 0; };

template <class F> void worst(double& value, F f) { double far = f(); value = far > value ? far : value; }

void go(uint32_t from, uint64_t count, uint32_t step, Worst& w) {
  constexpr int N = 256;  // arrays, so that the loops are vectorised as a kernel's are
  float x[N], t[N], s[N], e[N], l[N], p[N], q[N];
  for (uint64_t i = 0; i < count; i += N) {
    for (int k = 0; k < N; k++) { uint32_t bits = from + uint32_t(i + k) * step; __builtin_memcpy(&x[k], &bits, 4); }
#pragma omp simd
    for (int k = 0; k < N; k++) {
      t[k] = bricks::tanh(x[k]); s[k] = bricks::sigmoid(x[k]); e[k] = bricks::exp(x[k]);
      l[k] = bricks::log(x[k]); p[k] = bricks::log1p(x[k]); q[k] = bricks::softplus(x[k]);
    }
    for (int k = 0; k < N; k++) {
      double v = x[k];
      worst(w.tanh, [&] { return ulps(t[k], std::tanh(v)); });
      worst(w.sigmoid, [&] { return std::isnan(v) ? !std::isnan(s[k]) : std::fabs(s[k] - 1 / (1 + std::exp(-v))); });
      worst(w.outside, [&] { return double(s[k] < 0 || s[k] > 1); });
      if (ALL) continue;
      worst(w.exp, [&] { return ulps(e[k], std::exp(v)); });
      worst(w.log, [&] { return ulps(l[k], std::log(v)); });
      worst(w.log1p, [&] { return ulps(p[k], std::log1p(v)); });
      double soft = (v > 0 ? v : 0) + std::log1p(std::exp(-std::fabs(v)));
      worst(w.softplus, [&] { return ulps(q[k], soft); });
    }
  }
}

int main() {
  Worst a, b;
  const uint32_t step = ALL ? 1 : 4093;  // from one bit pattern to the next
  const uint64_t half = (uint64_t(1) << 31) / step;
  std::thread other(go, 0u, half, step, std::ref(a));
  go(1u << 31, half, step, b);
  other.join();
  const float special[] = {0.f, -0.f, INFINITY, -INFINITY, NAN, 1e-45f, -1e-45f, 1.17549e-38f, 3.4028235e38f,
                           -1.f, 88.7228f, 88.73f, -103.9f};
  for (float x : special) { uint32_t bits; __builtin_memcpy(&bits, &x, 4); go(bits, 256, 1, a); }
  typedef Worst W;
  for (double W::*m : {&W::tanh, &W::sigmoid, &W::outside, &W::exp, &W::log, &W::log1p, &W::softplus})
    printf("%.9g\n", std::fmax(a.*m, b.*m));
}
"""


def worst(folder, everything: bool):
    """The largest errors, by name: in units in the last place, of the sigmoid in numbers."""
    path = folder / "errors"
    flags = [flag for flag in build.FLAGS if flag != "-shared"]
    command = [build.compiler(), *flags, f"-DALL={int(everything)}", f"-I{build.HERE}", f"-I{jax.ffi.include_dir()}"]
    subprocess.run([*command, "-x", "c++", "-", "-o", path, "-pthread"], input=PROGRAM, text=True, check=True)
    said = subprocess.run([path], capture_output=True, text=True, check=True).stdout
    names = ("tanh", "sigmoid", "outside", "exp", "log", "log1p", "softplus")
    return dict(zip(names, map(float, said.split()), strict=True))


def test_functions_are_exact_to_a_few_units_in_the_last_place(tmp_path):
    found = worst(tmp_path, everything=False)
    assert found["tanh"] <= 8 and found["sigmoid"] <= 3e-7 and found["outside"] == 0, found
    assert max(found[name] for name in ("exp", "log", "log1p", "softplus")) <= 4, found


@pytest.mark.slow
def test_tanh_and_sigmoid_are_as_exact_for_every_float32(tmp_path):
    found = worst(tmp_path, everything=True)
    assert found["tanh"] <= 8 and found["sigmoid"] <= 3e-7 and found["outside"] == 0, found
