"""`python -m oracle BINARY [NAME…]`: the corpus, or the cases whose names begin with NAME."""

from __future__ import annotations

import sys

import corpus.all
from . import compare


def main() -> int:
    binary, *names = sys.argv[1:]
    failed = count = 0
    for case in corpus.all.cases():
        if names and not any(case.name.startswith(name) for name in names):
            continue
        count += 1
        problem = compare.difference(binary, case)
        if problem:
            failed += 1
            print(f"--- {case.name}\n" + compare.shown(case) + f"\n{problem}", flush=True)
    print(f"{count} cases, {failed} differ")
    return 1 if failed else 0


sys.exit(main())
