"""Runs the trainer and a peer in turn and watches both from outside: CPU seconds a step, peak memory, losses.

CPU seconds are those of all threads between the line of step 2 and that of the last step, as the kernel counts them; memory is
the kernel's high-water mark. The trainer is the product: process, data files, processor, step, metrics.jsonl.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
HEAD = "CPU s a step, trainer | PyTorch | ratio | peak MiB, trainer | PyTorch | ratio |"


def arguments(work, rounds=3, steps=8):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--java", default=os.path.join(os.environ.get("JAVA_HOME", "/usr"), "bin", "java"))
    parser.add_argument("--work", default=os.path.join(tempfile.gettempdir(), work))
    return parser


def environment():
    return dict(os.environ, OMP_NUM_THREADS="2", OMP_WAIT_POLICY="PASSIVE", MALLOC_ARENA_MAX="1", CUDA_VISIBLE_DEVICES="")


def surroundings(args):
    processor = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return {"processor": processor, "threads": 2, "steps": args.steps, "rounds": args.rounds, "loadBefore": os.getloadavg()}


def watch(command, log, steps, err):
    """Runs a command until its log has a line for every step; gives CPU and wall seconds a step and peak memory."""
    with open(err, "w") as errors:
        process = subprocess.Popen(command, env=environment(), stdout=errors, stderr=errors)
    marks, seen, lines, peak = {}, 0, [], 0
    while process.poll() is None and seen < steps:
        lines = log.read_text().splitlines() if log.exists() else []
        try:
            stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            break
        for line in status.splitlines():
            peak = int(line.split()[1]) // 1024 if line.startswith("VmHWM") else peak
        if len(lines) > seen:
            seen = len(lines)
            marks[seen] = ((int(stat[11]) + int(stat[12])) / TICK, time.monotonic())
        time.sleep(0.01)
    process.wait()
    if process.returncode != 0 or seen < steps or 2 not in marks:
        raise RuntimeError(f"{command[0]} ended with {process.returncode} after {seen} steps, see {err}")
    used, passed = (b - a for a, b in zip(marks[2], marks[steps]))
    losses = [json.loads(line)["loss"] for line in lines]
    return {"cpuSecondsPerStep": used / (steps - 2), "wallSecondsPerStep": passed / (steps - 2), "peakMemoryMiB": peak,
            "losses": losses}


def description(model, precision, steps):
    """The run.json of the trainer."""
    return {"formatVersion": 1, "namespace": "bench", "name": "step", "uid": "bench", "attempt": 1,
            "model": {"source": f"file://{model}"}, "data": {"train": [{"source": f"file://{model}/train.jsonl"}]}, "freeze": {},
            "training": {"steps": steps, "batchSize": 4, "learningRate": "1e-4", "schedule": {"name": "Constant"},
                         "precision": {"fp32": "Float32", "bf16": "BFloat16"}[precision], "seed": 42}}


def trainer_command(run, root, java):
    """The product's process on an empty root folder, and where its metrics appear."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "scratch").mkdir(parents=True)
    (root / "run.json").write_text(json.dumps({**run, "output": {"destination": f"file://{root}/out"}}))
    jars = [str(jar) for jar in sorted((HOME / "cli/target/vlft/lib").glob("*.jar"))]
    command = [java, "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xms32m",
               "-XX:MaxHeapFreeRatio=40", "-Xmx512m", "-Dai.djl.offline=true", "-cp",
               os.pathsep.join(jars), "io.vlfinetune.trainer.Main", "train", "--config", str(root / "run.json"), "--root", str(root),
               "--termination-log", str(root / "last-word.json")]
    return command, root / "scratch" / "metrics.jsonl"


def trainer(model, precision, work, args):
    command, log = trainer_command(description(model, precision, args.steps), work / "root", args.java)
    return watch(command, log, args.steps, work / "trainer.log")


def peer(script, model, precision, work, args):
    log = work / "peer.jsonl"
    log.unlink(missing_ok=True)
    return watch([args.peer_python, str(script), str(model), precision, str(args.steps), str(log)], log, args.steps, work / "peer.log")


def compare(label, script, model, precision, work, args):
    """Both in turn, `rounds` times; ratios are medians of the rounds' ratios."""
    ours, theirs = [], []
    for _ in range(args.rounds):
        ours.append(trainer(model, precision, work, args))
        theirs.append(peer(script, model, precision, work, args))
        ratio = ours[-1]["cpuSecondsPerStep"] / theirs[-1]["cpuSecondsPerStep"]
        print(f"{label} {precision}: trainer {ours[-1]['cpuSecondsPerStep']:.2f} s, PyTorch {theirs[-1]['cpuSecondsPerStep']:.2f} s, "
              f"ratio {ratio:.2f}; first loss {ours[-1]['losses'][0]:.6f} and {theirs[-1]['losses'][0]:.6f}; "
              f"load {os.getloadavg()[0]:.1f}", flush=True)
    share = lambda key: statistics.median(a[key] / b[key] for a, b in zip(ours, theirs))
    return {"trainer": ours, "pytorch": theirs, "cpuRatio": share("cpuSecondsPerStep"), "memoryRatio": share("peakMemoryMiB")}


def row(run):
    """The columns of HEAD."""
    median = lambda side, key: statistics.median(result[key] for result in run[side])
    return (f"{median('trainer', 'cpuSecondsPerStep'):.2f} | {median('pytorch', 'cpuSecondsPerStep'):.2f} | {run['cpuRatio']:.2f} | "
            f"{median('trainer', 'peakMemoryMiB'):.0f} | {median('pytorch', 'peakMemoryMiB'):.0f} | {run['memoryRatio']:.2f} |")
