"""`python -m oracle.search BINARY FIRST COUNT`: seeded random programs; failures are shrunk and shown."""

from __future__ import annotations

import sys

from . import compare, generate


def differs(binary: str, program: generate.Program) -> str | None:
    try:
        problem = compare.difference(binary, program.case("random"))
    except (KeyError, AssertionError, TypeError) as error:
        return f"oracle: {error!r}"
    return problem


def main() -> int:
    binary, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    failed = refused = 0
    for seed, program in generate.programs(first, count):
        problem = differs(binary, program)
        if not problem:
            continue
        if problem.startswith("exit 1"):
            refused += 1
            if "-v" in sys.argv:
                print(f"--- {seed}\n{problem[:400]}")
            continue
        failed += 1
        small = generate.shrink(program, lambda one: not (differs(binary, one) or "exit 1").startswith("exit 1"))
        print(f"--- seed {seed}\n{compare.shown(small.case(''))}\n{' '.join(small.options)}\n{differs(binary, small)}", flush=True)
        if failed >= 8:
            break
    print(f"{count} programs, {refused} refused, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
