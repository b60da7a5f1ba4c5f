"""Times of a workload on all sides, in alternation."""

import dataclasses
import statistics
import typing

from . import machine
from .sides import Statistics, Unable


@dataclasses.dataclass
class Result:
    """What one side did with one workload."""

    times: list = dataclasses.field(default_factory=list)
    variant: str = ""
    first_loss: float = 0.0
    failure: str = ""
    kilobytes: int | None = None
    plan: Statistics | None = None
    # What stands for all rounds.
    statistic: typing.Callable = statistics.median

    @property
    def seconds(self):
        return self.statistic(self.times) if self.times else None

    @property
    def best(self):
        return min(self.times) if self.times else None


def prepared(sides, row, statistic):
    """Prepares a workload everywhere; ends the run where first losses differ."""
    results = {}
    for side in sides:
        result = results[side.name] = Result(statistic=statistic)
        try:
            result.first_loss, result.variant = side.prepare(row.asked)
        except Unable as reason:
            result.failure = str(reason)
            print(f"  {side.name}: {reason}", flush=True)
    able = {name: found for name, found in results.items() if not found.failure}
    if able:
        name, first = next(iter(able.items()))
        limit = row.tolerance * abs(first.first_loss)
        for other, found in able.items():
            if not abs(found.first_loss - first.first_loss) <= limit:
                raise SystemExit(
                    f"{row.name}: the first losses differ: {name} {first.first_loss}, "
                    f"{other} {found.first_loss}")
    return results


def steps(side, row, seconds):
    """How many steps fill the time, whole epochs of them."""
    side.run(row.asked, row.epoch)
    once = side.run(row.asked, row.epoch)
    if once * row.epoch < seconds / 10:
        count = max(1, round(seconds / 10 / once / row.epoch))
        once = side.run(row.asked, count * row.epoch)
    return max(1, round(seconds / once / row.epoch)) * row.epoch


class LoopTimes:
    """Times of the plain loop of a row."""

    def __init__(self, side, row, seconds):
        self.side, self.name, self.times = side, machine.loop(row), []
        side.prepare(self.name)
        side.run(self.name, 2)
        self.steps = max(1, round(seconds / side.run(self.name, 5)))

    def run(self):
        self.times.append(self.side.run(self.name, self.steps))


def measure(sides, row, rounds, seconds, statistic=statistics.median):
    """Returns {side's name: Result}; sides take turns, in changing order.

    A side that needs seconds for a step leaves out the rounds after the third. Where a row is about
    moving memory, a plain loop of the first side takes its turn as well.
    """
    results = prepared(sides, row, statistic)
    loop = LoopTimes(sides[0], row, seconds) if row.motion else None
    running, counts = [side for side in sides if not results[side.name].failure], {}

    def attempt(side, action):
        try:
            return action()
        except Unable as reason:
            print(f"  {side.name}: {reason}", flush=True)
            results[side.name].failure = str(reason)
            running.remove(side)

    for side in list(running):
        counts[side] = attempt(side, lambda: steps(side, row, seconds))
    for number in range(rounds):
        for side in list(running) if number % 2 == 0 else list(reversed(running)):
            times = results[side.name].times
            if number < 3 or times[0] < 2:
                time = attempt(side, lambda: side.run(row.asked, counts[side]))
                times += [] if time is None else [time]
        if loop:
            loop.run()
    if loop:
        results[machine.LOOP] = Result(times=loop.times, statistic=statistic)
        sides[0].forget(loop.name)
    for side in list(running):
        if side.tells_statistics:
            results[side.name].plan = side.statistics(row.asked)
        attempt(side, lambda: side.forget(row.asked))
    return results


def measure_memory(kinds, row, results, threads):
    """Adds the peak resident memory of a fresh process that runs the workload."""
    for kind in kinds:
        result = results.get(kind.name)
        if result is None or result.failure:
            continue
        try:
            with kind.start(threads) as side:
                side.prepare(row.asked, result.variant)
                side.run(row.asked, 3 * row.epoch)
                result.kilobytes = side.peak_kilobytes()
        except Unable as reason:
            print(f"  {kind.name}, memory: {reason}", flush=True)
