"""A plan as C++: one function that takes a slice of the batch through all steps, and the handler that XLA calls."""

import numpy as np

from bricks.engine.kernel.plan import Plan, Value
from bricks.engine.kernel.scalars import expression, literal

INDENT = "  "


def source(plan: Plan, name: str, reverse: bool) -> str:
    """The program of a plan; `name` is that of its handler."""
    return _Source(plan, reverse).text(name)


class _Source:
    def __init__(self, plan: Plan, reverse: bool):
        self.plan, self.reverse = plan, reverse
        self.inputs = plan.inputs
        self.sequences = plan.inputs[: plan.n_sequences]
        self.states = plan.inputs[plan.n_sequences : plan.n_sequences + plan.n_states]
        self.constants = plan.inputs[plan.n_sequences + plan.n_states :]
        self.matrices = list(dict.fromkeys(product.inputs[1] for product in plan.products))
        self.by_name = {v.pointer: v for v in plan.inputs}
        scratch = [(pointer, stride, v) for v in plan.order for pointer, stride, _ in v.places if pointer[0] == "m"]
        self.scratch: dict[str, tuple[int, int]] = {}
        for pointer, stride, value in scratch:
            if pointer == f"m{value.index}":
                self.scratch[pointer] = (stride, value.width)
        self.own_states = [k for k, pointer in plan.next_state.items() if pointer == f"n{k}"]

    def text(self, name: str) -> str:
        return "\n".join(
            [
                '#include "runtime.hpp"',
                f"typedef {self.plan.ctype} T;",
                "namespace {",
                *self._call(),
                *self._slice(),
                "}  // namespace",
                *self._handler(name),
                "",
            ]
        )

    def _arrays(self) -> list[str]:
        return [*(v.pointer for v in self.inputs), *(f"e{k}" for k in range(len(self.plan.extras)))]

    def _results(self) -> list[str]:
        return [*(f"f{k}" for k in range(len(self.states))), *(f"y{m}" for m in range(len(self.plan.rows)))]

    def _call(self) -> list[str]:
        lines = ["struct Call {", "  long steps, batch, slices;", "  char* memory;", "  size_t room;"]
        lines += [f"  const T* {name};" for name in self._arrays()]
        lines += [f"  T* {name};" for name in self._results()]
        lines += [f"  bricks::Matrix<T> w{k};" for k in range(len(self.matrices))]
        lines += [f"  T* a{adding.state};" for adding in self.plan.sums]
        return [*lines, "};"]

    def _slice(self) -> list[str]:
        plan, out = self.plan, []
        out += ["void slice(const Call& k, long p) {"]
        out += ["  const long B = k.batch, b0 = B * p / k.slices, R = B * (p + 1) / k.slices - b0;"]
        out += ["  char* room = k.memory + p * k.room;"]
        for pointer, (stride, width) in self.scratch.items():
            out += [f"  T* {pointer} = (T*)room; room += bricks::aligned<T>({'R' if stride else '1'} * {width}l);"]
        for k in self.own_states:
            out += [f"  T* h{k} = (T*)room; room += 2 * bricks::aligned<T>(R * {self.states[k].width}l);"]
        for adding in plan.sums:
            out += [f"  T* a{adding.state} = k.a{adding.state} + p * {2 * adding.width};"]
            out += [f"  for (long j = 0; j < {2 * adding.width}; j++) a{adding.state}[j] = T(0);"]
        for k, state in enumerate(self.states):
            if k not in plan.collected:
                start = f" + b0 * {state.width}" if state.by_row else ""
                out += [f"  const T* s{k} = k.s{k}{start};"]
        out += ["  for (long i = 0; i < k.steps; i++) {"]
        out += [f"    const long t = {'k.steps - 1 - i' if self.reverse else 'i'};", "    (void)t;"]
        for v in self.sequences:
            place = f"(t * B + b0) * {v.width}" if v.by_row else f"t * {v.width}"
            out += [f"    const T* {v.pointer} = k.{v.pointer} + {place};"]
        for m, v in enumerate(plan.rows):
            out += [f"    T* y{m} = k.y{m} + (t * B + b0) * {v.width};"]
        for k in self.own_states:
            out += [f"    T* n{k} = h{k} + (i & 1) * (bricks::aligned<T>(R * {self.states[k].width}l) / sizeof(T));"]
        phases = [v.level[0] for v in plan.order] + [0]
        for phase in range(max(phases) + 1):
            out += self._products(phase)
            out += self._program(phase)
        for adding in plan.sums:
            n, a = adding.width, f"a{adding.state}"
            out += [f"    for (long j = 0; j < {n}; j++) {a}[j] += {a}[{n} + j], {a}[{n} + j] = T(0);"]
        out += [f"    s{k} = {pointer};" for k, pointer in plan.next_state.items()]
        out += ["  }"]
        for k, state in enumerate(self.states):
            if k not in plan.collected:
                out += [f"  __builtin_memcpy(k.f{k} + b0 * {state.width}, s{k}, R * {state.width} * sizeof(T));"]
        return [*out, "}"]

    def _products(self, phase: int) -> list[str]:
        out = []
        for value in self.plan.products:
            if value.level[0] != phase:
                continue
            left, right = value.inputs
            pointer, stride, offset = self._memory(left)
            to, ldc, start = value.places[0]
            w = self.matrices.index(right)
            out += [
                f"    bricks::product(R, {pointer} + {offset}, {stride}, k.w{w}, {to} + {start}, {ldc});",
            ]
        return out

    def _memory(self, value: Value) -> tuple[str, int | str, int]:
        """Pointer at the slice's first row, distance of rows, offset."""
        root, offset = value.root
        if root.kind in ("row", "state"):
            return root.pointer, root.width if root.by_row else 0, offset
        if root.kind == "constant":
            if not root.by_row:
                return f"k.{root.pointer}", 0, offset
            return f"(k.{root.pointer} + b0 * {root.width})", root.width, offset
        pointer, stride, start = root.places[0]
        return pointer, stride, start + offset

    def _program(self, phase: int) -> list[str]:
        plan = self.plan
        computed = [v for v in plan.order if v.kind == "each" and v.level[0] == phase]
        sums = [v for v in plan.order if v.kind == "sum" and v.inputs[0].level[0] == phase]
        terms = [(a, x) for a in plan.sums for x in a.terms if x.level[0] == phase]
        if not computed and not sums and not terms:
            return []
        self.rows: dict[str, str] = {}  # pointers of the row, by name, as they are met
        body: list[str] = []
        stages = {v.level[1] for v in computed} | {v.inputs[0].level[1] for v in sums} | {x.level[1] for _, x in terms}
        for stage in sorted(stages):
            level = (phase, stage)
            here = [v for v in computed if v.level == level]
            adding = [v for v in sums if v.inputs[0].level == level]
            into = [(a, x) for a, x in terms if x.level == level]
            for value in (v for v in here if v.width == 1):
                body += [f"{INDENT * 3}{line}" for line in self._computed(value, "0")]
            for a, x in into:
                if x.width == 1:
                    body += [f"{INDENT * 3}{line}" for line in self._collected(a, self._read(x, level, "0"))]
            widths = [v.width for v in [*here, *(v.inputs[0] for v in adding), *(x for _, x in into)] if v.width > 1]
            for width in dict.fromkeys(widths):
                body += self._loop(level, width, here, adding, into)
            for value in adding:
                if value.inputs[0].width == 1:
                    body += [f"{INDENT * 3}const T v{value.index} = {self._read(value.inputs[0], level, '0')};"]
                body += [f"{INDENT * 3}{line}" for line in self._stores(value, "0")]
        head = ["    for (long r = 0; r < R; r++) {"]
        head += [f"      {declared}" for declared in self.rows.values()]
        return [*head, *body, "    }"]

    def _loop(self, level, width: int, here, adding, into) -> list[str]:
        here = [v for v in here if v.width == width]
        adding = [v for v in adding if v.inputs[0].width == width]
        into = [(a, x) for a, x in into if x.width == width]
        names = [f"v{v.index}" for v in adding]
        names += [f"q{a.state}" for a, _ in into if a.width == 1]
        out = [f"T v{v.index} = 0;" for v in adding]
        out += [f"T q{a.state} = 0;" for a in dict.fromkeys(a for a, _ in into) if a.width == 1]
        summed = f" reduction(+ : {', '.join(dict.fromkeys(names))})" if names else ""
        inside = [line for value in here for line in self._computed(value, "j")]
        inside += [f"v{v.index} += {self._read(v.inputs[0], level, 'j')};" for v in adding]
        for a, x in into:
            value = self._read(x, level, "j")
            inside += [f"q{a.state} += {value};"] if a.width == 1 else [f"a{a.state}[{a.width} + j] += {value};"]
        out += [f'_Pragma("omp simd{summed}")', f"for (long j = 0; j < {width}; j++) {{"]
        out += [*(f"  {line}" for line in inside), "}"]
        out += [f"a{a.state}[1] += q{a.state};" for a in dict.fromkeys(a for a, _ in into) if a.width == 1]
        return [f"{INDENT * 3}{line}" for line in out]

    def _collected(self, adding, value: str) -> list[str]:
        n, a = adding.width, f"a{adding.state}"
        return [f"for (long j = 0; j < {n}; j++) {a}[{n} + j] += {value};"]

    def _computed(self, value: Value, j: str) -> list[str]:
        reads = [self._read(v, value.level, j) for v in value.inputs]
        numbers = [v.number for v in value.inputs]
        text = reads[0] if isinstance(value.op, str) else expression(value.op, reads, numbers, value.dtype)
        return [f"const T v{value.index} = {text};", *self._stores(value, j)]

    def _stores(self, value: Value, j: str) -> list[str]:
        out = []
        for pointer, stride, offset in value.places:
            row = self._row(pointer, pointer, stride)
            out += [f"{row}[{_index(offset, j, value.width)}] = v{value.index};"]
        return out

    def _read(self, value: Value, level, j: str) -> str:
        if value.kind == "number":
            return literal(value.number, self.plan.ctype)
        root, offset = value.root
        in_scope = root.width == 1 and root.level[0] == level[0] or root.level == level
        if root.kind in ("each", "sum") and value.base is None and in_scope:
            return f"v{root.index}"
        pointer, stride, start = self._memory(value)
        named = root.places[0][0] if root.kind in ("each", "sum", "product", "join") else root.pointer
        return f"{self._row(named, pointer, stride)}[{_index(start, j, value.width)}]"

    def _row(self, name: str, pointer: str, stride) -> str:
        constant = "const " if name[0] in "xsce" else ""
        self.rows[name] = f"{constant}T* __restrict r_{name} = {pointer} + r * {stride};"
        return f"r_{name}"

    def _handler(self, name: str) -> list[str]:
        plan, out = self.plan, []
        out += [f'extern "C" XLA_FFI_Error* {name}(XLA_FFI_CallFrame* frame) {{']
        out += ["  if (bricks::asks_for_version(frame)) return nullptr;", "  Call k;"]
        out += ["  k.steps = bricks::dimension(frame, 0, 0);"]
        batched = next(v for v in self.states if v.by_row)
        out += [f"  k.batch = bricks::dimension(frame, {batched.index}, 0);"]
        out += [f"  k.{array} = bricks::argument<const T>(frame, {i});" for i, array in enumerate(self._arrays())]
        out += [f"  k.{array} = bricks::result<T>(frame, {i});" for i, array in enumerate(self._results())]
        flops = sum(2 * int(np.prod(v.number)) for v in plan.products) + 8 * len(plan.order)
        out += ["  const long pool = bricks::threads(frame);"]
        out += [f"  k.slices = bricks::slices(k.batch, pool, double(k.steps) * k.batch * {flops});"]
        out += ["  const long R = (k.batch + k.slices - 1) / k.slices;", "  k.room = 0;"]
        for stride, width in self.scratch.values():
            out += [f"  k.room += bricks::aligned<T>({'R' if stride else '1'} * {width}l);"]
        out += [f"  k.room += 2 * bricks::aligned<T>(R * {self.states[k].width}l);" for k in self.own_states]
        out += ["  size_t shared = 0;"]
        shapes = [next(v.number for v in plan.products if v.inputs[1] is w) for w in self.matrices]
        for k, (rows, columns) in enumerate(shapes):
            out += [f"  const bool packs{k} = {columns} % bricks::panel<T> != 0 || k.steps * R >= 16;"]
            out += [f"  if (packs{k}) shared += bricks::aligned<T>(bricks::packed_size<T>({rows}, {columns}));"]
        for adding in plan.sums:
            out += [f"  shared += bricks::aligned<T>(k.slices * {2 * adding.width});"]
        out += ["  char* memory = bricks::scratch(shared + k.slices * k.room);"]
        out += ['  if (!memory) return bricks::refused(frame, "no memory for a recurrence\'s scratch");']
        for k, ((rows, columns), w) in enumerate(zip(shapes, self.matrices, strict=True)):
            out += [f"  k.w{k} = {{k.{w.pointer}, {rows}, {columns}, {columns}, bricks::panel<T>}};"]
            out += [f"  if (packs{k}) {{", f"    bricks::pack(frame, pool, k.w{k}, (T*)memory);"]
            out += [f"    memory += bricks::aligned<T>(bricks::packed_size<T>({rows}, {columns}));", "  }"]
        for adding in plan.sums:
            out += [f"  k.a{adding.state} = (T*)memory;"]
            out += [f"  memory += bricks::aligned<T>(k.slices * {2 * adding.width});"]
        out += ["  k.memory = memory;", "  auto run = [](void* k, long p) { slice(*(const Call*)k, p); };"]
        out += ["  bricks::parallel(frame, pool, k.slices, run, &k);"]
        for adding in plan.sums:
            n, state = adding.width, adding.state
            out += [f"  for (long j = 0; j < {n}; j++) {{", f"    T sum = k.s{state}[j];"]
            out += [f"    for (long p = 0; p < k.slices; p++) sum += k.a{state}[p * {2 * n} + j];"]
            out += [f"    k.f{state}[j] = sum;", "  }"]
        return [*out, "  return nullptr;", "}"]


def _index(offset: int, j: str, width: int) -> str:
    if width == 1 or j == "0":
        return str(offset)
    return f"{offset} + {j}" if offset else j
