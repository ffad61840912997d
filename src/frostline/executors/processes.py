"""A process a worker, one stack of jobs a lease: a worker that dies costs its stack, not the pool."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

from frostline.allocation import give_back, keep_freed
from frostline.attempts import AnyJob, Stack, attempt_stack, spec_of
from frostline.outcome import Failed
from frostline.probe import cores
from frostline.scored import Ended
from frostline.spec.scoring import what

GRACE_S = 5.0
"""How long a worker whose pipe has closed may take to end by itself, so that its own status is known."""
SERVER = multiprocessing.get_context("forkserver")
PRELOADED = ["frostline.attempts", "torch._dynamo"]
"""What the server of processes imports once, so that a worker begins at once instead of importing torch again.

An optimiser imports the second by itself when it is made, which takes a second and a half."""


class Processes:
    """``workers`` processes, or as many as the cores are enough for; use as a context manager, which ends them.

    Each uses as many threads as the study of its jobs has chosen.
    """

    def __init__(self, workers: int | None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1 (got {workers})")
        SERVER.set_forkserver_preload(PRELOADED)
        self._wanted = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
        """The outcomes of each stack, in the order in which they end; the jobs of a worker that dies are failed."""
        queue = list(reversed(stacks))
        wanted = self._wanted or max([1, *(_abreast(job) for stack in stacks for job in stack)])
        while len(self._workers) < min(wanted, len(stacks)):
            self._workers.append(_Worker())
        leased: dict[object, _Worker] = {}
        idle = list(self._workers)
        while queue or leased:
            while queue and idle:
                worker = idle.pop()
                worker.lease(queue.pop())
                leased[worker.connection] = worker
            for ready in wait([worker.connection for worker in leased.values()]):
                worker = leased.pop(ready)
                outcomes = worker.outcomes()
                if worker.dead:
                    self._workers.remove(worker)
                    worker = _Worker()
                    self._workers.append(worker)
                idle.append(worker)
                yield outcomes


def _abreast(job: AnyJob) -> int:
    """How many jobs like ``job`` the cores are enough for; one at a time on an accelerator, whose memory they share."""
    return cores() // job.way.threads if job.way.device == "cpu" else 1


class _Worker:
    """One process, the near end of the pipe to it, and the stack of jobs it has on lease."""

    def __init__(self) -> None:
        self.connection, far = SERVER.Pipe()
        self.process: ForkServerProcess = SERVER.Process(target=_serve, args=(far,))
        # Held back, Ctrl-C stays held back in the server and its workers, and reaches this process afterwards. The
        # tracker is started before, for starting it lets Ctrl-C through again.
        resource_tracker.ensure_running()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        far.close()
        self.stack: Stack = ()
        self.dead = False

    def lease(self, stack: Stack) -> None:
        """Sends ``stack`` to the process; a process that is gone is noticed when the outcomes are asked for."""
        self.stack = stack
        try:
            self.connection.send(stack)
        except OSError:
            self.dead = True

    def outcomes(self) -> tuple[Ended, ...]:
        """What became of each of the leased jobs."""
        try:
            outcomes: tuple[Ended, ...] = self.connection.recv()
        except (EOFError, OSError):
            self.dead = True
            self.process.join(GRACE_S)
            self.process.kill()
            self.process.join()
            said = _death(self.process.exitcode)
            return tuple(
                Failed(what=what(spec), key=spec.key, error=f"{said} {what(spec)}", traceback="")
                for spec in map(spec_of, self.stack)
            )
        return outcomes

    def end(self) -> None:
        """Ends the process at once, and with it the jobs it may be working on."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = "; the machine may have run out of memory: use fewer workers" if name == "SIGKILL" else ""
        return f"the worker process was ended by {name}{hint}; run the study again to retry this"
    return f"the worker process ended with status {exitcode}; run the study again to retry this"


def _serve(connection: Connection) -> None:
    """Works on stacks of jobs from ``connection`` until it closes; ends with the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed()
    while True:
        try:
            stack = connection.recv()
        except EOFError:
            return
        connection.send(attempt_stack(stack))
        give_back()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
