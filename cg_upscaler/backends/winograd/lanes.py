"""What the hand-written loops share: vectors of floats, and loops over addresses, as LLVM instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
"""Floats of a vector. Where a processor's are twice as wide LLVM uses halves of them, and where half as wide, two."""

FLOAT, INT = ir.FloatType(), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)
ZERO = VECTOR([0.0] * LANES)

Body = Callable[["Lanes", list[ir.Value]], None]


class Lanes:
    """Writes instructions on vectors at one place of a loop."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.builder = builder

    def load(self, base: ir.Value, index: ir.Value) -> ir.Value:
        value = self.builder.load(self._at(base, index))
        value.align = 4
        return value

    def store(self, value: ir.Value, base: ir.Value, index: ir.Value) -> None:
        self.builder.store(value, self._at(base, index)).align = 4

    def spread(self, base: ir.Value, index: ir.Value) -> ir.Value:
        """Return one float in all lanes."""
        none = ir.Constant(VECTOR, ir.Undefined)
        scalar = self.builder.load(self.builder.gep(base, [index]))
        first = self.builder.insert_element(none, scalar, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, none, ir.VectorType(ir.IntType(32), LANES)([0] * LANES))

    def fused(self, factor: ir.Value | float, value: ir.Value, added: ir.Value) -> ir.Value:
        """Return factor · value + added, rounded once."""
        if isinstance(factor, float):
            factor = VECTOR([factor] * LANES)
        kind, name = ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fma.v{LANES}f32"
        fma = cgutils.get_or_insert_function(self.builder.module, kind, name)  # type: ignore[no-untyped-call]
        return self.builder.call(fma, [factor, value, added])

    def times(self, factor: float, value: ir.Value) -> ir.Value:
        return self.builder.fmul(VECTOR([factor] * LANES), value)

    def plus(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fadd(a, b)

    def minus(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.builder.fsub(a, b)

    def _at(self, base: ir.Value, index: ir.Value) -> ir.Value:
        return self.builder.bitcast(self.builder.gep(base, [index]), VECTOR.as_pointer())


def floats(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    """Return an address, an integer, as a pointer to floats."""
    return builder.inttoptr(address, FLOAT.as_pointer())


@contextmanager
def counting(builder: ir.IRBuilder, stop: ir.Value, step: int, sums: int = 0) -> Iterator[tuple[ir.Value, list[Any]]]:
    """Write a loop from 0 to `stop`, run once at least, around what is written within. Gives the counter, and `sums`
    vectors that begin at zero; the list of them is to hold their next values at the end."""
    before = builder.block
    loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.branch(loop)
    builder.position_at_end(loop)
    counter = builder.phi(INT)
    carried = [builder.phi(VECTOR) for _ in range(sums)]
    values: list[Any] = list(carried)
    yield counter, values
    following = builder.add(counter, INT(step))
    counter.add_incoming(INT(0), before)
    counter.add_incoming(following, loop)
    for phi, value in zip(carried, values, strict=True):
        phi.add_incoming(ZERO, before)
        phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, stop), loop, done)
    builder.position_at_end(done)


def on_addresses(name: str, count: int, write: Callable[[ir.IRBuilder, list[ir.Value]], None]) -> Any:
    """Return a function of `count` integers for use in compiled code, made of the instructions that `write` writes."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[ir.Value]) -> ir.Value:
        write(builder, list(arguments))
        return context.get_dummy_value()

    signature = types.void(*[types.intp] * count)
    parameters = ", ".join(f"a{i}" for i in range(count))
    # numba counts an intrinsic's parameters, so they cannot be gathered by a star.
    made: dict[str, Any] = {"signature": signature, "code": code}
    exec(f"def {name}(context, {parameters}):\n    return signature, code", made)
    return intrinsic(made[name])
