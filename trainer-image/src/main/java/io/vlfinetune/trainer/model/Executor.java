package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs a chain forward and backward for the trainable tensors of its weights. Layers below the lowest trainable one run
 * without a graph, unit by unit ({@link FrozenPrefix}), and free their input at once; the backward pass stops at the
 * lowest trainable layer. The modes give the same gradients bit for bit. For one thread at a time.
 */
public final class Executor {
    /** What is kept from the forward pass for the backward pass. */
    public enum Mode {
        /** One graph over all layers. */
        GRAPH,
        /** A graph a stage of a layer: its gradients are complete right after its own backward pass. */
        SEGMENTS,
        /** Only each layer's input: a layer runs again before its backward pass. Least memory, about 1.3 times the work. */
        RECOMPUTE
    }

    private final Ops ops;
    private final Chain chain;
    private final Weights weights;
    private final Forward forward;
    private final List<Layer> layers;
    private final boolean oneGraph;
    private final Recompute recompute;
    private final FrozenPrefix prefix;
    private final PrefixRunner prefixRunner;

    /** Binds a chain to its weights, which decide what is trained. */
    public Executor(Chain chain, Weights weights, Mode mode) {
        this(
                chain,
                weights,
                mode == Mode.RECOMPUTE ? new Recompute.All() : new Recompute.None(),
                null,
                mode == Mode.GRAPH);
    }

    /**
     * Binds a chain to its weights, which decide what is trained.
     *
     * @param recompute which layers run again in the backward pass
     * @param store where what the frozen prefix makes is kept; null if nowhere
     */
    public Executor(Chain chain, Weights weights, Recompute recompute, @Nullable PrefixStore store) {
        this(chain, weights, recompute, store, false);
    }

    private Executor(Chain chain, Weights weights, Recompute recompute, @Nullable PrefixStore store, boolean oneGraph) {
        this.ops = weights.ops();
        this.chain = chain;
        this.weights = weights;
        this.forward = new Forward(weights);
        this.layers = chain.layersForLoss();
        this.oneGraph = oneGraph;
        this.recompute = recompute;
        this.prefix = FrozenPrefix.of(chain, weights.trainable());
        this.prefixRunner = new PrefixRunner(forward, prefix, store);
    }

    /** Trainable tensors that can have a gradient, in the chain's order. */
    public List<String> trainedTensors() {
        return trainedFrom(0);
    }

    private List<String> trainedFrom(int layer) {
        Set<String> names = new LinkedHashSet<>();
        layers.subList(layer, layers.size()).forEach(one -> names.addAll(trained(one)));
        return List.copyOf(names);
    }

    private List<String> trained(Layer layer) {
        return layer.tensors().keySet().stream()
                .filter(weights.trainable()::contains)
                .toList();
    }

    /** The layers below the lowest trained one. */
    public FrozenPrefix prefix() {
        return prefix;
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
            int lowest = lowestTrained(start(batch));
            Flow input = belowTrained(batch, lowest);
            try (NDArray seed = ops.of(1f / lossDivisor)) {
                double sum;
                if (lowest == layers.size()) {
                    sum = input.hidden().getFloat();
                    input.close();
                } else if (oneGraph) {
                    sum = oneGraph(lowest, input, seed, batch, gradients);
                } else {
                    sum = new LayerByLayer(forward, layers, lowest, recompute, batch, gradients).run(input, seed);
                }
                return sum / lossDivisor;
            }
        });
    }

    /** What the lowest trained layer is given. */
    private Flow belowTrained(Batch batch, int lowest) {
        boolean units = switch (prefix.unit()) {
            case None -> false;
            // Text alone begins at the merge, above these layers.
            case Image -> !batch.isTextOnly();
            case Sample -> true;
        };
        return units ? prefixRunner.of(batch) : through(layers, start(batch), lowest, batch);
    }

    /**
     * What the frozen prefix hands on for a batch, computed or read; freed at once. Nothing if there is no prefix, or if
     * the batch has no unit of it.
     *
     * @return its bytes
     */
    public long runPrefix(Batch batch) {
        boolean none = switch (prefix.unit()) {
            case None -> true;
            case Image -> batch.isTextOnly();
            case Sample -> false;
        };
        if (none) {
            return 0;
        }
        return ops.withGradients(false, () -> {
            Flow made = prefixRunner.of(batch);
            long bytes = made.arrays().stream()
                    .mapToLong(array -> ops.memory(array).byteSize())
                    .sum();
            made.close();
            return bytes;
        });
    }

    /** Cross entropy and right answers of each sample, without gradients. */
    public List<SampleScore> evaluate(Batch batch) {
        return ops.withGradients(false, () -> {
            try (NDArray hidden = headInput(layers, batch);
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
            try (NDArray hidden = headInput(chain.layers(), batch)) {
                return ops.scoped(() -> ops.cast(chain.head().logits(hidden, weights), DType.F32));
            }
        });
    }

    /** What the language model reads of the batch's images [..., hidden], without gradients; the caller closes it. */
    public NDArray imageFeatures(Batch batch) {
        Flow made = beforeMerge(batch);
        made.carried().forEach(NDArray::close);
        return made.hidden();
    }

    /** What reaches the merge, without gradients; the caller closes it. */
    Flow beforeMerge(Batch batch) {
        return ops.withGradients(false, () -> through(layers, start(batch), chain.merge(), batch));
    }

    /**
     * The token with the highest logit after the last place of a batch of one row.
     *
     * @param images what reached the merge, which is read and not closed
     */
    int nextToken(Flow images, Batch batch) {
        return ops.withGradients(false, () -> {
            List<Layer> text = chain.body().subList(chain.merge(), chain.body().size());
            // What passes by belongs to the images' flow.
            NDArray hidden = forward.above(Forward.stages(text), images, batch).hidden();
            try (hidden;
                    NDArray token = ops.scoped(() ->
                            ops.argmax(chain.head().logits(ops.narrow(hidden, 1, batch.length() - 1L, 1), weights)))) {
                return (int) token.getLong(0, 0);
            }
        });
    }

    private int start(Batch batch) {
        return batch.isTextOnly() ? chain.merge() : 0;
    }

    private int lowestTrained(int start) {
        int lowest = start;
        while (lowest < layers.size() && trained(layers.get(lowest)).isEmpty()) {
            lowest++;
        }
        return lowest;
    }

    /** Runs layers for the whole batch without gradients, from its pixels on. */
    private Flow through(List<Layer> chosen, int start, int end, Batch batch) {
        return forward.fromPixels(Forward.stages(chosen.subList(start, end)), batch);
    }

    /** What enters the output head, without gradients; nothing is carried that far. */
    private NDArray headInput(List<Layer> chosen, Batch batch) {
        return through(chosen, start(batch), chosen.size() - 1, batch).hidden();
    }

    private double oneGraph(int lowest, Flow input, NDArray seed, Batch batch, Gradients gradients) {
        Flow x = input;
        for (Layer layer : layers.subList(lowest, layers.size())) {
            Flow made = forward.run(layer, x, batch, true);
            x.closeAllBut(made);
            x = made;
        }
        try (NDArray loss = x.hidden();
                Backward backward = new Backward(weights, gradients)) {
            backward.seed(loss, ops.detached(seed));
            backward.through(List.of(loss), List.of(loss), List.of(), trainedFrom(lowest));
            return loss.getFloat();
        }
    }
}
