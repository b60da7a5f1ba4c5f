#!/usr/bin/env python3
"""Measures Apus and its peers side by side; see Benchmarks/README.md.

    swift build -c release --product apus-bench
    python3 Benchmarks/run.py [--only gpt lenet] [--rounds 7] [--quick]

Builds nothing. The peers are installed into .venv-bench on first use.
"""

from bench.main import main

main()
