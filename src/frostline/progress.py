"""What a person sees while a study runs or is prepared: something live in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from statistics import mean

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from frostline.analysis.metric import METRICS
from frostline.outcome import Failed, Finished
from frostline.scored import Ended, Scored
from frostline.spec.plan import Entry, Plan

PLAIN_EVERY_S = 15.0


class Progress:
    """Trials and scorings done, failed and left, the time left, and the best arm so far, at the largest share.

    Controls are no arms to choose, and never the best.
    """

    def __init__(self, plan: Plan, missing: int, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._total = missing
        self._done = self._failed = 0
        self._words = ""
        self._began = self._told = time.monotonic()
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        for entry in plan.entries:
            self._entries[entry.trial.key].append(entry)
        self._reached: dict[tuple[float, str], list[float]] = defaultdict(list)
        self._live = Live(console=console, refresh_per_second=4, get_renderable=lambda: Text(self.line()))

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()
        elif self._done or self._failed:
            self._console.print(self.line(), markup=False, highlight=False, soft_wrap=True)

    def note(self, outcome: Ended) -> None:
        """Counts ``outcome``; a failure is told at once."""
        if isinstance(outcome, Failed):
            self._failed += 1
            reason = outcome.error.splitlines()[0]
            self._console.print(f"failed {outcome.key}: {reason}", markup=False, highlight=False, soft_wrap=True)
        elif isinstance(outcome, Scored):
            self._done += 1
        else:
            self._done += 1
            self._reach(outcome)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= PLAIN_EVERY_S:
            self._told = now
            self._console.print(self.line(), markup=False, highlight=False, soft_wrap=True)

    def resume(self, earlier: Iterable[Finished | Failed]) -> None:
        """The best so far is also that of what finished before, of which nothing is counted as done now."""
        for outcome in earlier:
            if isinstance(outcome, Finished):
                self._reach(outcome)

    def _reach(self, outcome: Finished) -> None:
        for entry in self._entries.get(outcome.key, ()):
            if not entry.arm.control:
                self._words = METRICS[outcome.metrics.task].words
                self._reached[entry.share, entry.arm.written].append(outcome.best_validation.score)

    def expect(self, total: int) -> None:
        """From now on ``total`` trials are expected, those that are told of already included.

        A race lowers it as arms are ruled out.
        """
        self._total = total

    def line(self) -> str:
        """One line: done, failed, left, time left, best so far."""
        counted = self._done + self._failed
        left = max(0, self._total - counted)
        said = [f"{self._done} done", f"{self._failed} failed", f"{left} left"]
        if left and counted:
            said.append(f"about {duration((time.monotonic() - self._began) / counted * left)} left")
        return ", ".join(said) + self._best()

    def _best(self) -> str:
        if not self._reached:
            return ""
        largest = max(share for share, _ in self._reached)
        arms = {arm: values for (share, arm), values in self._reached.items() if share == largest}
        best = max(arms, key=lambda arm: mean(arms[arm]))
        seen = f"{mean(arms[best]):.3f}, n {len(arms[best])}"
        return f"; best so far at share {largest:g}: {best} (validation {self._words} {seen})"


class FileProgress:
    """How many files of a dataset are ready: a bar in a terminal, elsewhere a plain line now and then."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console
        self._told = time.monotonic()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._bars = Bars(*columns, console=console, disable=not console.is_terminal)
        self._bar = self._bars.add_task(name, total=None)

    def __enter__(self) -> FileProgress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def note(self, done: int, files: int) -> None:
        """Moves the bar to ``done`` of ``files``."""
        self._bars.update(self._bar, completed=done, total=files)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= PLAIN_EVERY_S:
            self._told = now
            line = f"{self._name}: {done} of {files} files are ready"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """``seconds`` in words for people: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
