"""The clock of all sides: the wall's, or with BENCH_CLOCK=cpu the processors' time of this process."""

import os
import time

now = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter
