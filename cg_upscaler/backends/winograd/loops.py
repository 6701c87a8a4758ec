"""The four innermost loops of the convolution, written as LLVM instructions on vectors.

Compilers are not sure that so many arrays never overlap, and would leave these loops without vectors: a sixth of the
speed. Addresses and counts are integers; counts are in floats, and multiples of `LANES`.
"""

from __future__ import annotations

from llvmlite import ir

from cg_upscaler.backends.winograd.lanes import INT, LANES, ZERO, Lanes, counting, floats, on_addresses

VECTORS = 2
COLUMNS = LANES * VECTORS
"""Columns of the right matrix that `multiply` takes at once."""

ROWS = 6
"""Rows of the left matrix that it takes at once: 6 × 2 sums, 2 columns and a factor fill 15 of AVX2's 16 registers."""

A, B = 0.5**0.5, 2**0.5
"""The points of the interpolation are 0, ±A, ±B and ∞. A² · B² is 1, and A² + B² is 2.5."""


def _multiply(builder: ir.IRBuilder, arguments: list[ir.Value]) -> None:
    a, b, c = (floats(builder, address) for address in arguments[:3])
    depth, stride = arguments[3:]
    lanes = Lanes(builder)
    with counting(builder, depth, 1, ROWS * VECTORS) as (k, sums):
        start = builder.mul(k, INT(COLUMNS))
        columns = [lanes.load(b, builder.add(start, INT(LANES * v))) for v in range(VECTORS)]
        for row in range(ROWS):
            factor = lanes.spread(a, builder.add(builder.mul(depth, INT(row)), k))
            for v in range(VECTORS):
                at = row * VECTORS + v
                sums[at] = lanes.fused(factor, columns[v], sums[at])
    for row in range(ROWS):
        for v in range(VECTORS):
            at = builder.add(builder.mul(stride, INT(row)), INT(LANES * v))
            lanes.store(sums[row * VECTORS + v], c, at)


multiply = on_addresses("multiply", 5, _multiply)
"""multiply(a, b, c, depth, stride): C = A · B for `ROWS` rows of A, `depth` floats apart, and `COLUMNS` columns of B,
`COLUMNS` apart; C's rows are `stride` apart. Sums run over the depth in order, so a row of C depends on its row of A
alone."""


def _to_points(builder: ir.IRBuilder, arguments: list[ir.Value]) -> None:
    inputs = [floats(builder, address) for address in arguments[:6]]
    target = floats(builder, arguments[6])
    stride, count = arguments[7:]
    lanes = Lanes(builder)
    with counting(builder, count, LANES) as (c, _):
        d = [lanes.load(pointer, c) for pointer in inputs]
        even_a, odd_a = lanes.fused(-B * B, d[2], d[4]), lanes.times(A, lanes.fused(-B * B, d[1], d[3]))
        even_b, odd_b = lanes.fused(-A * A, d[2], d[4]), lanes.times(B, lanes.fused(-A * A, d[1], d[3]))
        points = (
            lanes.plus(lanes.fused(-2.5, d[2], d[0]), d[4]),
            lanes.plus(even_a, odd_a),
            lanes.minus(even_a, odd_a),
            lanes.plus(even_b, odd_b),
            lanes.minus(even_b, odd_b),
            lanes.plus(lanes.fused(-2.5, d[3], d[1]), d[5]),
        )
        for i, point in enumerate(points):
            lanes.store(point, target, builder.add(builder.mul(stride, INT(i)), c))


to_points = on_addresses("to_points", 9, _to_points)
"""to_points(d0, …, d5, target, stride, count): six inputs, for `count` channels each, at the six points; the results
are `stride` apart. The table Bᵀ of the paper."""


def _results(lanes: Lanes, source: ir.Value, stride: ir.Value, c: ir.Value) -> tuple[ir.Value, ...]:
    builder = lanes.builder
    s = [lanes.load(source, builder.add(builder.mul(stride, INT(i)), c)) for i in range(6)]
    even_a, odd_a = lanes.plus(s[1], s[2]), lanes.minus(s[1], s[2])
    even_b, odd_b = lanes.plus(s[3], s[4]), lanes.minus(s[3], s[4])
    return (
        lanes.plus(lanes.plus(s[0], even_a), even_b),
        lanes.fused(A, odd_a, lanes.times(B, odd_b)),
        lanes.fused(A * A, even_a, lanes.times(B * B, even_b)),
        lanes.plus(lanes.fused(A**3, odd_a, lanes.times(B**3, odd_b)), s[5]),
    )


def _from_points(builder: ir.IRBuilder, arguments: list[ir.Value]) -> None:
    source, stride, target_stride, count = floats(builder, arguments[0]), arguments[1], arguments[3], arguments[4]
    target = floats(builder, arguments[2])
    lanes = Lanes(builder)
    with counting(builder, count, LANES) as (c, _):
        for i, result in enumerate(_results(lanes, source, stride, c)):
            lanes.store(result, target, builder.add(builder.mul(target_stride, INT(i)), c))


from_points = on_addresses("from_points", 5, _from_points)
"""from_points(source, stride, target, target_stride, count): sums at the six points become four results. The table Aᵀ
of the paper."""


def _finish(builder: ir.IRBuilder, arguments: list[ir.Value]) -> None:
    source, stride, count = floats(builder, arguments[0]), arguments[1], arguments[8]
    bias, slope, *targets = (floats(builder, address) for address in arguments[2:8])
    lanes = Lanes(builder)
    with counting(builder, count, LANES) as (c, _):
        added, below = lanes.load(bias, c), lanes.load(slope, c)
        results = [lanes.plus(result, added) for result in _results(lanes, source, stride, c)]
        for result, target in zip(results, targets, strict=True):
            negative = builder.fcmp_ordered("<", result, ZERO)
            lanes.store(builder.select(negative, builder.fmul(below, result), result), target, c)


finish = on_addresses("finish", 9, _finish)
"""finish(source, stride, bias, slope, r0, …, r3, count): the same, with the bias added and what is negative times the
slope, each result to an address of its own."""
