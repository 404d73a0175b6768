"""Processes that take their steps in turn: all but one are stopped (SIGSTOP) at any time.

A process is stopped as soon as its log has the line of the step, so all contestants meet the same weather, and its CPU seconds (user
and system, all threads, as the kernel counts them) and peak memory are read there. It is stopped at most one poll into its next
step; that step is charged for it.
"""
import json
import os
import pathlib
import signal
import subprocess
import time

TICK, POLL = os.sysconf("SC_CLK_TCK"), 0.005


class Contestant:
    def __init__(self, name, command, steps, log, errors, environment):
        self.name, self.steps, self.log, self.errors = name, steps, pathlib.Path(log), pathlib.Path(errors)
        self.command, self.environment = command, environment
        self.process, self.lines, self.marks, self.wall, self.peak = None, [], [], [], 0

    def step(self):
        """Runs until the next line of the log; the first call starts the process."""
        before = time.monotonic()
        self._go()
        while len(self.lines) <= len(self.marks):
            if self.process.poll() is not None and len(self._read()) <= len(self.marks):
                raise RuntimeError(f"{self.name} ended with {self.process.returncode} after {len(self.marks)} steps, see {self.errors}")
            time.sleep(POLL)
            self._read()
        self._signal(signal.SIGSTOP)
        self._mark(time.monotonic() - before)

    def end(self):
        """Ends the process: what follows the last step is not measured."""
        if self.process and self.process.poll() is None:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def result(self):
        """Of every step: CPU and wall seconds (the first includes the start), loss; and the peak after the last."""
        steps = [json.loads(line) for line in self.lines]
        used = [late - early for early, late in zip([0.0, *self.marks], self.marks)]
        return {"cpuSeconds": [round(value, 2) for value in used], "wallSeconds": [round(value, 2) for value in self.wall],
                "peakMemoryMiB": self.peak, "tokens": steps[0]["tokens"], "losses": [step["loss"] for step in steps]}

    def _go(self):
        if self.process:
            return self._signal(signal.SIGCONT)
        self.log.unlink(missing_ok=True)
        with open(self.errors, "w") as errors:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=errors, stderr=errors, start_new_session=True)

    def _read(self):
        text = self.log.read_text() if self.log.exists() else ""
        self.lines = text[:text.rfind("\n") + 1].splitlines()
        return self.lines

    def _signal(self, number):
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def _mark(self, wall):
        folder = pathlib.Path("/proc") / str(self.process.pid)
        fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        for line in (folder / "status").read_text().splitlines():
            self.peak = int(line.split()[1]) // 1024 if line.startswith("VmHWM") else self.peak
        self.marks.append((int(fields[11]) + int(fields[12])) / TICK)
        self.wall.append(wall)


def take_turns(contestants):
    """One step of each in turn; results by name. A contestant that fails is left out, with a message."""
    failed = {}
    try:
        for turn in range(max(contestant.steps for contestant in contestants)):
            for contestant in contestants:
                if contestant.name in failed or turn >= contestant.steps:
                    continue
                try:
                    contestant.step()
                except (RuntimeError, FileNotFoundError) as problem:
                    failed[contestant.name] = problem
                    print(problem, flush=True)
                    contestant.end()
    finally:
        for contestant in contestants:
            contestant.end()
    return {contestant.name: contestant.result() for contestant in contestants if contestant.name not in failed}
