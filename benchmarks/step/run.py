"""CPU seconds a step and peak memory: this trainer beside a plain PyTorch loop, in turn, both watched from outside.

usage: run.py [--rounds 3] [--steps 8] [--peer-python PYTHON] [--work DIR]

PYTHON has torch 2.7.1, transformers 5.23.0 and pillow 11.3.0 (requirements.txt). The trainer is the product: process,
data files, processor, step, metrics.jsonl. CPU seconds are those of all threads between the line of step 2 and that of the
last step, as the kernel counts them; memory is the kernel's high-water mark. Writes results.json beside this script.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
HOME = HERE.parents[1]
TICK = os.sysconf("SC_CLK_TCK")


def watch(command, log, steps, environment, err):
    """Runs a command until its log has a line for every step; gives CPU and wall seconds a step and peak memory."""
    with open(err, "w") as errors:
        process = subprocess.Popen(command, env=environment, stdout=errors, stderr=errors)
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
        sys.exit(f"{command[0]} ended with {process.returncode} after {seen} steps, see {err}")
    used, passed = (b - a for a, b in zip(marks[2], marks[steps]))
    losses = [json.loads(line)["loss"] for line in lines]
    return {"cpuSecondsPerStep": used / (steps - 2), "wallSecondsPerStep": passed / (steps - 2), "peakMemoryMiB": peak,
            "losses": losses}


def trainer(model, precision, steps, work, environment, java):
    root = work / "root"
    shutil.rmtree(root, ignore_errors=True)
    (root / "scratch").mkdir(parents=True)
    run = {"formatVersion": 1, "namespace": "bench", "name": "step", "uid": "bench", "attempt": 1,
           "model": {"source": f"file://{model}"}, "data": {"train": [{"source": f"file://{model}/train.jsonl"}]}, "freeze": {},
           "training": {"steps": steps, "batchSize": 4, "learningRate": "1e-4", "schedule": {"name": "Constant"},
                        "precision": {"fp32": "Float32", "bf16": "BFloat16"}[precision], "seed": 42},
           "output": {"destination": f"file://{root}/out"}}
    (root / "run.json").write_text(json.dumps(run))
    jars = [str(jar) for jar in sorted((HOME / "cli/target/vlft/lib").glob("*.jar"))]
    command = [java, "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx512m", "-Dai.djl.offline=true", "-cp",
               os.pathsep.join(jars), "io.vlfinetune.trainer.Main", "train", "--config", str(root / "run.json"), "--root", str(root),
               "--termination-log", str(root / "last-word.json")]
    return watch(command, root / "scratch" / "metrics.jsonl", steps, environment, work / "trainer.log")


def peer(model, precision, steps, work, environment, python):
    log = work / "peer.jsonl"
    log.unlink(missing_ok=True)
    command = [python, str(HERE / "peer.py"), str(model), precision, str(steps), str(log)]
    return watch(command, log, steps, environment, work / "peer.log")


def median(results, key):
    return statistics.median(result[key] for result in results)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--java", default=os.path.join(os.environ.get("JAVA_HOME", "/usr"), "bin", "java"))
    parser.add_argument("--work", default="/tmp/vlft-bench-step")
    args = parser.parse_args()
    work = pathlib.Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    model = work / "model"
    if not (model / "train.jsonl").exists():
        subprocess.run([args.peer_python, HERE / "make_bench.py", model, HOME / "examples/digits/tokenizer"], check=True)
    environment = dict(os.environ, OMP_NUM_THREADS="2", OMP_WAIT_POLICY="PASSIVE", MALLOC_ARENA_MAX="2", CUDA_VISIBLE_DEVICES="")
    processor = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    summary = {"processor": processor, "threads": 2, "steps": args.steps, "rounds": args.rounds,
               "loadBefore": os.getloadavg(), "runs": {}}
    for precision in ("fp32", "bf16"):
        ours, theirs = [], []
        for _ in range(args.rounds):
            ours.append(trainer(model, precision, args.steps, work, environment, args.java))
            theirs.append(peer(model, precision, args.steps, work, environment, args.peer_python))
            ratio = ours[-1]["cpuSecondsPerStep"] / theirs[-1]["cpuSecondsPerStep"]
            print(f"{precision}: trainer {ours[-1]['cpuSecondsPerStep']:.2f} s, PyTorch {theirs[-1]['cpuSecondsPerStep']:.2f} s, "
                  f"ratio {ratio:.2f}; load {os.getloadavg()[0]:.1f}", flush=True)
        pairs = [a["cpuSecondsPerStep"] / b["cpuSecondsPerStep"] for a, b in zip(ours, theirs)]
        memory = [a["peakMemoryMiB"] / b["peakMemoryMiB"] for a, b in zip(ours, theirs)]
        summary["runs"][precision] = {"trainer": ours, "pytorch": theirs, "cpuRatio": statistics.median(pairs),
                                      "memoryRatio": statistics.median(memory)}
    summary["loadAfter"] = os.getloadavg()
    (HERE / "results.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"\n{processor}, 2 threads, load {summary['loadBefore'][0]:.1f} to {summary['loadAfter'][0]:.1f}")
    print("| precision | CPU s a step, trainer | PyTorch | ratio | peak MiB, trainer | PyTorch | ratio |\n|---|---|---|---|---|---|---|")
    for precision, run in summary["runs"].items():
        print(f"| {precision} | {median(run['trainer'], 'cpuSecondsPerStep'):.2f} | {median(run['pytorch'], 'cpuSecondsPerStep'):.2f} "
              f"| {run['cpuRatio']:.2f} | {median(run['trainer'], 'peakMemoryMiB'):.0f} | {median(run['pytorch'], 'peakMemoryMiB'):.0f} "
              f"| {run['memoryRatio']:.2f} |")


main()
