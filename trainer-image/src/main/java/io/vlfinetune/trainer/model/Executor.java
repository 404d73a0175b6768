package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs a chain forward and backward for the trainable tensors of its weights. Layers below the lowest trainable one run
 * without a graph and free their input at once; the backward pass stops at the lowest trainable layer. The modes give
 * the same gradients bit for bit. For one thread at a time.
 */
public final class Executor {
    /** What is kept from the forward pass for the backward pass. */
    public enum Mode {
        /** One graph over all layers. */
        GRAPH,
        /** A graph a layer: a layer's gradients are complete right after its own backward pass. */
        SEGMENTS,
        /** Only each layer's input: a layer runs again before its backward pass. Least memory, about 1.3 times the work. */
        RECOMPUTE
    }

    /** A layer's input, and its output with the graph between them unless that is built again later. */
    private record Segment(NDArray input, @Nullable NDArray output) {}

    private final Ops ops;
    private final Chain chain;
    private final List<Layer> layers;
    private final Weights weights;
    private final Mode mode;
    private final List<List<String>> trained;

    /** Binds a chain to its weights, which decide what is trained. */
    public Executor(Chain chain, Weights weights, Mode mode) {
        this.ops = weights.ops();
        this.chain = chain;
        this.layers = chain.layers();
        this.weights = weights;
        this.mode = mode;
        Set<String> trainable = weights.trainable();
        this.trained = layers.stream()
                .map(layer -> layer.tensors().keySet().stream()
                        .filter(trainable::contains)
                        .toList())
                .toList();
    }

    /** Trainable tensors that can have a gradient, in the chain's order. */
    public List<String> trainedTensors() {
        return trainedFrom(0);
    }

    private List<String> trainedFrom(int layer) {
        Set<String> names = new LinkedHashSet<>();
        trained.subList(layer, trained.size()).forEach(names::addAll);
        return List.copyOf(names);
    }

    /**
     * One forward and backward pass.
     *
     * @param lossDivisor what the summed loss is divided by: the number of target tokens of all micro-batches that
     *     share the update, so that together they equal one large batch
     * @param gradients where this batch's gradients are added
     * @return this batch's share of the loss: its summed cross entropy by the divisor
     */
    public double step(Batch batch, long lossDivisor, Gradients gradients) {
        return ops.withGradients(false, () -> {
            int start = start(batch);
            int lowest = lowestTrained(start);
            NDArray input = prefix(start, lowest, batch);
            try (NDArray seed = ops.of(1f / lossDivisor)) {
                double sum;
                if (lowest == layers.size()) {
                    sum = takeScalar(input);
                } else if (mode == Mode.GRAPH) {
                    sum = oneGraph(lowest, input, seed, batch, gradients);
                } else {
                    sum = layerByLayer(lowest, input, seed, batch, gradients);
                }
                return sum / lossDivisor;
            }
        });
    }

    /** Cross entropy and right answers of each sample, without gradients. */
    public List<SampleScore> evaluate(Batch batch) {
        return ops.withGradients(false, () -> {
            try (NDArray hidden = prefix(start(batch), layers.size() - 1, batch);
                    NDArray logits = ops.scoped(() -> chain.head().targetLogits(hidden, weights, batch));
                    NDArray entropies = ops.crossEntropy(logits, batch.targets());
                    NDArray guesses = ops.argmax(logits)) {
                return scores(
                        batch,
                        entropies.toFloatArray(),
                        guesses.toLongArray(),
                        batch.targets().toLongArray());
            }
        });
    }

    private static List<SampleScore> scores(Batch batch, float[] entropies, long[] guesses, long[] targets) {
        List<SampleScore> scores = new ArrayList<>();
        int at = 0;
        for (int row = 0; row < batch.rows(); row++) {
            double sum = 0;
            int correct = 0;
            int end = at + batch.targetCount(row);
            for (; at < end; at++) {
                sum += entropies[at];
                correct += guesses[at] == targets[at] ? 1 : 0;
            }
            scores.add(new SampleScore(batch.samples().get(row), sum, batch.targetCount(row), correct));
        }
        return scores;
    }

    /** Float32 logits of every place [rows, length, vocabulary], without gradients; the caller closes them. */
    public NDArray logits(Batch batch) {
        return ops.withGradients(false, () -> {
            try (NDArray hidden = prefix(start(batch), layers.size() - 1, batch)) {
                return ops.scoped(() -> ops.cast(chain.head().logits(hidden, weights), DType.F32));
            }
        });
    }

    private int start(Batch batch) {
        return batch.isTextOnly() ? chain.merge() : 0;
    }

    private int lowestTrained(int start) {
        int lowest = start;
        while (lowest < layers.size() && trained.get(lowest).isEmpty()) {
            lowest++;
        }
        return lowest;
    }

    /** Runs layers without gradients, from the batch's pixels on; each input is freed as soon as it was read. */
    private NDArray prefix(int start, int end, Batch batch) {
        NDArray x = ops.detached(batch.pixels());
        for (int i = start; i < end; i++) {
            x = runAndClose(i, x, batch, false);
        }
        return x;
    }

    private NDArray runAndClose(int layer, NDArray x, Batch batch, boolean graph) {
        try (x) {
            return run(layer, x, batch, graph);
        }
    }

    private NDArray run(int layer, NDArray x, Batch batch, boolean graph) {
        return ops.withGradients(graph, () -> ops.scoped(() -> layers.get(layer).forward(x, weights, batch)));
    }

    private double oneGraph(int lowest, NDArray input, NDArray seed, Batch batch, Gradients gradients) {
        NDArray x = input;
        for (int i = lowest; i < layers.size(); i++) {
            x = runAndClose(i, x, batch, true);
        }
        backward(x, seed, null, trainedFrom(lowest), gradients);
        return takeScalar(x);
    }

    private double layerByLayer(int lowest, NDArray input, NDArray seed, Batch batch, Gradients gradients) {
        Deque<Segment> segments = new ArrayDeque<>();
        int last = layers.size() - 1;
        double loss = 0;
        NDArray x = input;
        for (int i = lowest; i <= last; i++) {
            // The last layer's backward pass comes first: to build its graph again would save nothing.
            boolean graph = mode == Mode.SEGMENTS || i == last;
            NDArray output = run(i, x, batch, graph);
            segments.push(new Segment(x, graph ? output : null));
            if (i == last) {
                loss = output.getFloat();
            } else {
                x = ops.leaf(output);
                if (!graph) {
                    output.close();
                }
            }
        }
        backwardThrough(segments, lowest, seed, batch, gradients);
        return loss;
    }

    private void backwardThrough(
            Deque<Segment> segments, int lowest, NDArray lossSeed, Batch batch, Gradients gradients) {
        NDArray seed = ops.detached(lossSeed);
        for (int i = layers.size() - 1; i >= lowest; i--) {
            Segment segment = segments.pop();
            NDArray kept = segment.output();
            try (NDArray above = seed;
                    NDArray input = segment.input();
                    NDArray output = kept != null ? kept : run(i, input, batch, true)) {
                NDArray below = backward(output, above, i == lowest ? null : input, trained.get(i), gradients);
                if (below != null) {
                    seed = below;
                }
            }
        }
    }

    /** Adds the tensors' gradients and returns the input's. */
    private @Nullable NDArray backward(
            NDArray output, NDArray seed, @Nullable NDArray input, List<String> names, Gradients gradients) {
        List<NDArray> wanted = new ArrayList<>();
        names.forEach(name -> wanted.add(weights.master(name)));
        if (input != null) {
            wanted.add(input);
        }
        NDArray[] made = ops.gradients(output, seed, wanted.toArray(NDArray[]::new));
        for (int i = 0; i < names.size(); i++) {
            gradients.add(names.get(i), made[i]);
        }
        return input == null ? null : made[names.size()];
    }

    private static double takeScalar(NDArray x) {
        try (x) {
            return x.getFloat();
        }
    }
}
