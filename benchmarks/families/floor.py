"""The share of matrix products and attention kernels in the PyTorch loop's step, family by family: the floor of the CPU ratio.

usage: floor.py [--peer-python PYTHON] [--work DIR] [family ...]

Profiles the loop of peer.py (torch's profiler, one thread, so that an operator's own time is its CPU time) on the models that
run.py made, and makes those that are missing: three steps after a warm-up, of each operator the step in which it took least, so that
other work on the machine counts little. Writes floor.json beside this script, family by family.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
from shapes import FAMILIES  # noqa: E402

STEPS = 4
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "addmv", "linear", "mkldnn_linear", "convolution", "_convolution", "mkldnn_convolution",
            "convolution_backward", "slow_conv3d_forward", "_slow_conv2d_forward", "_slow_conv2d_backward")
ATTENTION = ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention_for_cpu_backward")


def kind(operator):
    name = operator.removeprefix("aten::")
    return "products" if name in PRODUCTS else "attention" if name in ATTENTION else "rest"


def profile(folder, precision):
    """Runs in a process of its own: prints the shares as JSON."""
    from torch.profiler import ProfilerActivity, profile as profiler

    import loop
    import peer

    folder, sums, watched = pathlib.Path(folder), {"products": 0.0, "attention": 0.0, "rest": 0.0}, []
    batches = peer.batches(folder, STEPS)

    def profiled():
        """The loop asks for its next batch when a step is over, so this profiles every step but the first."""
        yield batches[0]
        for batch in batches[1:]:
            with profiler(activities=[ProfilerActivity.CPU]) as watching:
                yield batch
            watched.append({event.key: event.self_cpu_time_total for event in watching.key_averages()})

    loop.train(peer.load(folder), profiled(), precision, os.devnull)
    for operator in set().union(*watched):
        sums[kind(operator)] += min(step.get(operator, 0.0) for step in watched)
    whole = sum(sums.values())
    print(json.dumps({"secondsPerStep": whole / 1e6, **{name: value / whole for name, value in sums.items()}}))


def bench(family, args):
    model = pathlib.Path(args.work) / family / "model"
    if not (model / "train.jsonl").exists():
        subprocess.run([args.peer_python, HERE / "make_bench.py", model, family], check=True)
    env = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE", CUDA_VISIBLE_DEVICES="")
    made = {}
    for precision in ("fp32", "bf16"):
        command = [args.peer_python, __file__, "--profile", str(model), precision]
        made[precision] = json.loads(subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
        print(f"{family} {precision}: {made[precision]}", flush=True)
    return made


def table(results):
    head = ("family", "precision", "products", "attention", "rest", "floor")
    rows = [(family, precision, *(f"{share[name]:.2f}" for name in ("products", "attention", "rest")),
             f"{share['products'] + share['attention']:.2f}")
            for family in FAMILIES if family in results for precision, share in results[family].items()]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    line = lambda cells: "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def main():
    if sys.argv[1:2] == ["--profile"]:
        return profile(*sys.argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(FAMILIES))
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "vlft-bench-families"))
    args = parser.parse_args()
    file = HERE / "floor.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    for family in args.families or FAMILIES:
        results[family] = bench(family, args)
        file.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\n{table(results)}")


main()
