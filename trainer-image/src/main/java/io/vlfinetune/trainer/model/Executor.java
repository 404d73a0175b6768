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

    /**
     * What the backward pass needs of a layer.
     *
     * @param input what it was given
     * @param output what it made, with the graph between them; null if that is built again later
     * @param next what the layer above was given: the output cut off from its graph
     */
    private record Segment(Flow input, @Nullable Flow output, Flow next) {}

    private final Ops ops;
    private final Chain chain;
    private final List<Layer> layers;
    private final List<Layer> everywhere;
    private final int merge;
    private final Weights weights;
    private final Mode mode;
    private final List<List<String>> trained;

    /** Binds a chain to its weights, which decide what is trained. */
    public Executor(Chain chain, Weights weights, Mode mode) {
        this.ops = weights.ops();
        this.chain = chain;
        List<Layer> forLoss = chain.layersForLoss();
        // Stage by stage only where that saves memory: a layer that runs again runs as a whole.
        this.layers = mode == Mode.SEGMENTS ? stages(forLoss) : forLoss;
        this.merge = mode == Mode.SEGMENTS
                ? stages(forLoss.subList(0, chain.merge())).size()
                : chain.merge();
        this.everywhere = chain.layers();
        this.weights = weights;
        this.mode = mode;
        Set<String> trainable = weights.trainable();
        this.trained = layers.stream()
                .map(layer -> layer.tensors().keySet().stream()
                        .filter(trainable::contains)
                        .toList())
                .toList();
    }

    private static List<Layer> stages(List<Layer> layers) {
        return layers.stream().flatMap(layer -> layer.stages().stream()).toList();
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
            Flow input = prefix(layers, start, lowest, batch);
            try (NDArray seed = ops.of(1f / lossDivisor)) {
                double sum;
                if (lowest == layers.size()) {
                    sum = input.hidden().getFloat();
                    input.close();
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
            try (NDArray hidden = headInput(layers, merge, batch);
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
            try (NDArray hidden = headInput(everywhere, chain.merge(), batch)) {
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
        return ops.withGradients(false, () -> prefix(layers, start(batch), merge, batch));
    }

    /**
     * The token with the highest logit after the last place of a batch of one row.
     *
     * @param images what reached the merge, which is read and not closed
     */
    int nextToken(Flow images, Batch batch) {
        return ops.withGradients(false, () -> {
            Flow x = run(everywhere.get(chain.merge()), images, batch, false);
            for (Layer layer : everywhere.subList(chain.merge() + 1, everywhere.size() - 1)) {
                Flow made = run(layer, x, batch, false);
                // What passes by belongs to the images' flow.
                x.arrays().stream()
                        .filter(array -> !made.holds(array) && !images.holds(array))
                        .forEach(NDArray::close);
                x = made;
            }
            NDArray hidden = x.hidden();
            try (hidden;
                    NDArray token = ops.scoped(() ->
                            ops.argmax(chain.head().logits(ops.narrow(hidden, 1, batch.length() - 1L, 1), weights)))) {
                return (int) token.getLong(0, 0);
            }
        });
    }

    private int start(Batch batch) {
        return batch.isTextOnly() ? merge : 0;
    }

    private int lowestTrained(int start) {
        int lowest = start;
        while (lowest < layers.size() && trained.get(lowest).isEmpty()) {
            lowest++;
        }
        return lowest;
    }

    /** Runs layers without gradients, from the batch's pixels on; each input is freed as soon as it was read. */
    private Flow prefix(List<Layer> chosen, int start, int end, Batch batch) {
        Flow x = Flow.of(ops.detached(batch.pixels()));
        for (int i = start; i < end; i++) {
            x = runAndClose(chosen.get(i), x, batch, false);
        }
        return x;
    }

    /** What enters the output head, without gradients; nothing is carried that far. */
    private NDArray headInput(List<Layer> chosen, int start, Batch batch) {
        return prefix(chosen, batch.isTextOnly() ? start : 0, chosen.size() - 1, batch)
                .hidden();
    }

    private Flow runAndClose(Layer layer, Flow x, Batch batch, boolean graph) {
        Flow made = run(layer, x, batch, graph);
        x.closeAllBut(made);
        return made;
    }

    private Flow run(Layer layer, Flow x, Batch batch, boolean graph) {
        return ops.withGradients(graph, () -> ops.scoped(() -> layer.forward(x, weights, batch), Flow::arrays));
    }

    private double oneGraph(int lowest, Flow input, NDArray seed, Batch batch, Gradients gradients) {
        Flow x = input;
        for (int i = lowest; i < layers.size(); i++) {
            x = runAndClose(layers.get(i), x, batch, true);
        }
        try (NDArray loss = x.hidden();
                Backward backward = new Backward(weights, gradients)) {
            backward.seed(loss, ops.detached(seed));
            backward.through(List.of(loss), List.of(loss), List.of(), trainedFrom(lowest));
            return loss.getFloat();
        }
    }

    private double layerByLayer(int lowest, Flow input, NDArray seed, Batch batch, Gradients gradients) {
        Deque<Segment> segments = new ArrayDeque<>();
        int last = layers.size() - 1;
        Flow x = input;
        for (int i = lowest; i <= last; i++) {
            // The last layer's backward pass comes first: to build its graph again would save nothing.
            boolean graph = i == last || (mode == Mode.SEGMENTS && remembers(layers.get(i)));
            Flow output = run(layers.get(i), x, batch, graph);
            Flow next = i == last ? output : cutOff(output, x);
            segments.push(new Segment(x, graph ? output : null, next));
            if (!graph) {
                output.closeAllBut(x);
            }
            x = next;
        }
        double loss = x.hidden().getFloat();
        try (Backward backward = new Backward(weights, gradients)) {
            backward.seed(x.hidden(), ops.detached(seed));
            for (int i = last; i >= lowest; i--) {
                backward(i, segments.pop(), i == lowest, batch, backward, gradients);
            }
        }
        input.close();
        return loss;
    }

    private static boolean remembers(Layer layer) {
        return !layer.isCheap() && !(layer instanceof ProductLayer);
    }

    /** The beginning of a new graph for what a layer made; what only passed by stays the same array. */
    private Flow cutOff(Flow output, Flow input) {
        List<NDArray> arrays = output.arrays().stream()
                .map(array -> input.holds(array) ? array : ops.leaf(array))
                .toList();
        return new Flow(arrays.getFirst(), arrays.subList(1, arrays.size()));
    }

    private void backward(
            int layer, Segment segment, boolean lowest, Batch batch, Backward backward, Gradients gradients) {
        Flow input = segment.input();
        if (mode == Mode.SEGMENTS && layers.get(layer) instanceof ProductLayer product) {
            List<NDArray> cut = segment.next().arrays().stream()
                    .filter(array -> !input.holds(array))
                    .toList();
            new ProductBackward(weights, gradients, backward).through(product, input, cut, lowest, trained.get(layer));
            segment.next().closeAllBut(input);
            return;
        }
        Flow kept = segment.output();
        Flow output = kept != null ? kept : run(layers.get(layer), input, batch, true);
        List<NDArray> made = new ArrayList<>();
        List<NDArray> cut = new ArrayList<>();
        for (int i = 0; i < output.arrays().size(); i++) {
            if (!input.holds(output.arrays().get(i))) {
                made.add(output.arrays().get(i));
                cut.add(segment.next().arrays().get(i));
            }
        }
        List<NDArray> below =
                lowest ? List.of() : input.arrays().stream().filter(ops::isLeaf).toList();
        backward.through(made, cut, below, trained.get(layer));
        output.closeAllBut(input);
        segment.next().closeAllBut(input);
    }
}
