"""Expressions inside numba's compiled code: the native compiler's arithmetic, inlined where it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from symkit.backends.native.llvm_text import ARITHMETIC, CASTS, COMPARE_REAL, INTRINSICS
from symkit.backends.native.machine import FLOAT32, FLOAT64, Instruction, Machine, Type, Value
from symkit.backends.native.translate import has_native_form, translate
from symkit.errors import DomainError
from symkit.ir import Program, bind_constants, lower
from symkit.text import Expression, parse
from symkit.transform import gradient, shared, stabilise

COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


@dataclass(frozen=True)
class NumbaFunction:
    """An expression for numba.

    Attributes:
        value: `value(*inputs, *parameters)`, to be called from `@njit` code or from Python, on floats.
        gradient: the same arguments; a tuple of the derivatives by every input and parameter, in order.
        ufunc: a NumPy ufunc of the value, for float64 and float32 arrays.
        arguments: the names of the arguments.
    """

    value: Callable[..., float]
    gradient: Callable[..., tuple[float, ...]]
    ufunc: Callable[..., Any]
    arguments: tuple[str, ...]


def to_numba(e: Expression | str, *, stabilise_first: bool = True, **constants: float) -> NumbaFunction:
    """The expression as functions for numba, in float32 if all arguments are, else in float64.

    Args:
        e: an expression or its text.
        stabilise_first: replace forms that overflow or cancel first, as `functional` does.
        constants: values of C and eps.

    The arithmetic is that of the fused kernels and is inlined into the calling loop, where LLVM can vectorise it.

    Raises:
        DomainError: for an expression without inputs, or a constant without a value.
    """
    import numba

    expression = parse(e) if isinstance(e, str) else e
    arguments = (*expression.inputs, *expression.parameters)
    if not arguments:
        raise DomainError(f"{expression} has neither inputs nor parameters; a number needs no function")
    values = expression.constant_values(**constants)
    program = shared(stabilise(expression.program)) if stabilise_first else expression.program
    of_value = _intrinsic(_ready(program, values), arguments)
    of_gradient = _intrinsic(_ready(gradient(program, arguments), values), arguments)
    value, slopes = _jitted(of_value, len(arguments), "[0]"), _jitted(of_gradient, len(arguments))
    signatures = [f"{t}({', '.join([t] * len(arguments))})" for t in ("float32", "float64")]
    return NumbaFunction(value, slopes, numba.vectorize(signatures)(value.py_func), arguments)


def _ready(program: Program, constants: dict[str, float]) -> Program:
    return bind_constants(lower(program, has_native_form), constants)


def _intrinsic(program: Program, arguments: tuple[str, ...]) -> Any:
    """A numba intrinsic that takes a tuple of the arguments and gives a tuple of the roots."""
    from numba.core import types
    from numba.extending import intrinsic

    def evaluated(typing_context: Any, packed: Any) -> Any:
        kind = types.float32 if all(t == types.float32 for t in packed) else types.float64
        result = types.UniTuple(kind, len(program.roots))

        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            from numba.core import cgutils

            (packed_value,) = given
            (packed_type,) = signature.args
            fields = cgutils.unpack_tuple(builder, packed_value, len(packed_type))
            leaves = [context.cast(builder, field, own, kind) for field, own in zip(fields, packed_type, strict=True)]
            machine, roots = translate(program, FLOAT32 if kind is types.float32 else FLOAT64)
            found = _emit(builder, machine, dict(zip(arguments, leaves, strict=True)), roots)
            return context.make_tuple(builder, signature.return_type, found)

        return result(packed), generate

    return intrinsic(evaluated)


def _jitted(evaluated: Any, count: int, take: str = "") -> Any:
    """A numba function of `count` floats around an intrinsic of their tuple; `take` picks from the result.

    numba compiles functions of a fixed number of arguments only, so one is written for each number.
    """
    import numba

    names = ", ".join(f"a{i}" for i in range(count))
    namespace = {"evaluated": evaluated}
    exec(f"def function({names}):\n    return evaluated(({names},)){take}\n", namespace)
    return numba.njit(namespace["function"])


def _emit(builder: Any, machine: Machine, arguments: dict[str, Any], wanted: Sequence[Value]) -> list[Any]:
    """The instructions of a machine program through llvmlite's builder; the values wanted."""
    values: dict[int, Any] = {}
    _add(builder, machine, arguments, wanted, values)
    return [values[value.index] for value in wanted]


def _add(
    builder: Any, machine: Machine, arguments: dict[str, Any], wanted: Sequence[Value], values: dict[int, Any]
) -> None:
    """Adds what is missing of the wanted values."""
    for index in machine.needed(wanted):
        if index in values:
            continue
        instruction = machine.instructions[index]
        if instruction.code == "seldom":
            condition, rare, usual = instruction.operands
            before, there = builder.block, dict(values)
            with builder.if_then(values[condition], likely=False):
                _add(builder, machine, arguments, [Value(machine, rare)], there)
                inside = builder.block
            values[index] = builder.phi(_llvm_type(instruction.type))
            values[index].add_incoming(values[usual], before)
            values[index].add_incoming(there[rare], inside)
            continue
        types = [machine.instructions[i].type for i in instruction.operands]
        values[index] = _one(builder, instruction, types, [values[i] for i in instruction.operands], arguments)


def _one(
    builder: Any, instruction: Instruction, types: list[Type], operands: list[Any], arguments: dict[str, Any]
) -> Any:
    code, kind = instruction.code, _llvm_type(instruction.type)
    if code == "argument":
        return arguments[str(instruction.value)]
    if code == "constant":
        return kind(instruction.value)
    real = types[0].is_real
    if code in COMPARE_REAL:
        if not real:
            return builder.icmp_signed(COMPARISONS[code], *operands)
        compare = builder.fcmp_unordered if code == "ne" else builder.fcmp_ordered
        return compare(COMPARISONS[code], *operands)
    if code in INTRINSICS and real:
        return _call(builder, INTRINSICS[code], kind, operands)
    if code in CASTS:
        return getattr(builder, code)(operands[0], kind)
    if code == "select":
        return builder.select(*operands)
    if code == "neg":
        return builder.fneg(operands[0]) if real else builder.neg(operands[0])
    if code == "not":
        return builder.not_(operands[0])
    name = ARITHMETIC[code] if real else {"and": "and_", "or": "or_"}.get(code, code)
    return getattr(builder, name)(*operands)


def _call(builder: Any, name: str, kind: Any, operands: list[Any]) -> Any:
    from llvmlite import ir

    signature = ir.FunctionType(kind, [kind] * len(operands))
    return builder.call(builder.module.declare_intrinsic(f"llvm.{name}", [kind], signature), operands)


def _llvm_type(type: Type) -> Any:
    from llvmlite import ir

    bits = {Type.TRUTH: 1, Type.INT32: 32, Type.INT64: 64}
    if type in bits:
        return ir.IntType(bits[type])
    return ir.FloatType() if type is Type.FLOAT else ir.DoubleType()
