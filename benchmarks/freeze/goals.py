"""The goals of the freeze engine, worked out from the results; tables in Markdown."""
import statistics

from cases import EPOCH, MONOTONE, PRECISIONS, SETTINGS, SHAPES

OURS, RECOMPUTE, PLAIN, STORED, FACTORY, FACTORY_PLAIN = CONTESTANTS = (
    "trainer", "trainer recompute", "pytorch", "pytorch stored", "llamafactory", "llamafactory no checkpointing")
NOISE = 1.03
"""Two settings this close count as equal where only their order matters."""


def median(runs, of):
    return statistics.median(of(run) for run in runs)


def later(runs):
    """CPU seconds a step after the first epoch; of the others, who remember nothing, the same steps."""
    return median(runs, lambda run: statistics.mean(run["cpuSeconds"][EPOCH:]))


def first(runs):
    """CPU seconds a step in the first epoch, without its first step, which includes the start."""
    return median(runs, lambda run: statistics.mean(run["cpuSeconds"][1:EPOCH]))


def peak(runs):
    return median(runs, lambda run: run["peakMemoryMiB"])


def cases(results):
    for shape in SHAPES:
        for precision in PRECISIONS:
            for setting in SETTINGS:
                if runs := results["cases"].get(shape, {}).get(precision, {}).get(setting):
                    yield shape, precision, setting, runs


def speed(shape, precision, setting, runs):
    if setting == "full":
        yield OURS, later, PLAIN, later, {"fp32": 0.6, "bf16": 0.85}[precision], "CPU, later epochs / PyTorch"
    else:
        yield OURS, later, STORED, later, {"fp32": 0.6, "bf16": 0.9}[precision], "CPU, later epochs / PyTorch on stored features"
    if (shape, setting) == ("smolvlm", "tower frozen"):
        yield OURS, later, FACTORY, later, 1 / 3, "CPU, later epochs / LLaMA-Factory"
    if setting == "last-2 blocks":
        yield OURS, later, FACTORY, later, 1 / 6, "CPU, later epochs / LLaMA-Factory"


def memory():
    yield OURS, peak, FACTORY_PLAIN, peak, 0.6, "peak / LLaMA-Factory without checkpointing"
    yield RECOMPUTE, peak, FACTORY, peak, 0.75, "recompute: peak / LLaMA-Factory"
    yield RECOMPUTE, later, FACTORY, later, 1.0, "recompute: CPU, later epochs / LLaMA-Factory"


def monotone(results):
    """Freezing more raises neither time nor memory."""
    for shape in SHAPES:
        for precision in PRECISIONS:
            settings = results["cases"].get(shape, {}).get(precision, {})
            for more, less in MONOTONE:
                for who in (OURS, RECOMPUTE):
                    a, b = (settings.get(name, {}).get(who) for name in (less, more))
                    if a and b:
                        for what, of in (("CPU, later epochs", later), ("peak", peak)):
                            yield shape, precision, less, f"{who}: {what} / {more}", of(a) / of(b), NOISE


def ratios(results):
    for shape, precision, setting, runs in cases(results):
        for ours, of, theirs, by, goal, what in (*speed(shape, precision, setting, runs), *memory()):
            if ours in runs and theirs in runs:
                yield shape, precision, setting, what, of(runs[ours]) / by(runs[theirs]), goal
    yield from monotone(results)


def losses(results):
    """The largest relative difference of a loss to the plain loop's, over all steps; of the two that work on the same batches."""
    for shape, precision, setting, runs in cases(results):
        for name in (OURS, RECOMPUTE, STORED):
            if name in runs and PLAIN in runs:
                apart = max(abs(a / b - 1) for a, b in zip(runs[name][-1]["losses"], runs[PLAIN][-1]["losses"]))
                yield shape, precision, setting, f"losses of {name} against PyTorch's", apart, 1e-4 if precision == "fp32" else 1e-2


def table(head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(head), *rows]) for column in range(len(head))]
    line = lambda cells: "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def numbers_table(results):
    rows = []
    for shape, precision, setting, runs in cases(results):
        for name in (name for name in CONTESTANTS if name in runs):
            made = runs[name]
            ours = name in (OURS, RECOMPUTE)
            rows.append((shape, precision, setting, name, f"{first(made):.2f}" if ours else "",
                         f"{later(made):.2f}", f"{peak(made):.0f}", made[-1]["trained"],
                         made[-1]["tokens"], f"{made[-1]['losses'][0]:.6f}"))
    return table(("shape", "precision", "setting", "contestant", "CPU s, first epoch", "CPU s, later", "peak MiB", "trained",
                  "tokens", "first loss"), rows)


def goals_table(results):
    rows = [(shape, precision, setting, what, f"{value:.2f}" if value > 0.01 else f"{value:.0e}",
             f"{goal:.2f}" if goal > 0.01 else f"{goal:.0e}", "reached" if value <= goal else "NOT reached")
            for shape, precision, setting, what, value, goal in (*ratios(results), *losses(results))]
    return table(("shape", "precision", "setting", "ratio", "value", "goal", ""), rows)
