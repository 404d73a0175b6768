package io.vlfinetune.trainer.model;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.engine.Ops;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A forward and a backward pass through the layers from the lowest trained one on, in pieces: a stage's gradients are
 * complete right after its own backward pass, and of a layer that runs again nothing but its input is kept until then.
 * Such a layer runs again as a whole, and its backward pass goes through it stage by stage, so that the peak is one layer
 * beside the flows between layers. For one step.
 */
final class LayerByLayer {
    /** What the backward pass needs. */
    private sealed interface Segment {}

    /**
     * A stage.
     *
     * @param input what it was given
     * @param output what it made, with the graph between them; null if that is built again later
     * @param next what the stage above was given: the output cut off from its graph
     */
    private record Stage(Layer layer, Flow input, @Nullable Flow output, Flow next) implements Segment {}

    /**
     * A layer that runs again.
     *
     * @param input what it was given
     * @param next what the layer above was given
     */
    private record Again(int number, Flow input, Flow next) implements Segment {}

    private final Forward forward;
    private final Ops ops;
    private final List<Layer> layers;
    private final int lowest;
    private final Recompute recompute;
    private final Set<String> trainable;
    private final Batch batch;
    private final Gradients gradients;

    /**
     * Prepares a step.
     *
     * @param layers all layers
     * @param lowest number of the lowest trained one
     */
    LayerByLayer(
            Forward forward, List<Layer> layers, int lowest, Recompute recompute, Batch batch, Gradients gradients) {
        this.forward = forward;
        this.ops = forward.ops();
        this.layers = layers;
        this.lowest = lowest;
        this.recompute = recompute;
        this.trainable = forward.weights().trainable();
        this.batch = batch;
        this.gradients = gradients;
    }

    /**
     * Makes the step.
     *
     * @param input of the lowest trained layer, which is freed
     * @param seed gradient with regard to the loss
     * @return the loss
     */
    double run(Flow input, NDArray seed) {
        Deque<Segment> segments = new ArrayDeque<>();
        int last = layers.size() - 1;
        int frozen = recompute.runsAgain(lowest) && lowest < last ? 0 : frozenStages(lowest);
        Flow bottom = forward.through(layers.get(lowest).stages().subList(0, frozen), input, batch);
        Flow x = bottom;
        for (int i = lowest; i <= last; i++) {
            // The last layer's backward pass comes first: to run it again would save nothing.
            if (recompute.runsAgain(i) && i < last) {
                Flow output = forward.above(layers.get(i).stages(), x, batch);
                Flow next = cutOff(output, x);
                output.closeAllBut(x);
                segments.push(new Again(i, x, next));
                x = next;
            } else {
                x = remember(layers.get(i).stages(), i == lowest ? frozen : 0, x, null, segments);
            }
        }
        double loss = x.hidden().getFloat();
        try (Backward backward = new Backward(forward.weights(), gradients)) {
            backward.seed(x.hidden(), ops.detached(seed));
            while (!segments.isEmpty()) {
                Segment segment = segments.pop();
                boolean ends = segments.isEmpty();
                switch (segment) {
                    case Stage stage -> backward(stage, ends, backward);
                    case Again again -> backward(again, ends, backward);
                }
            }
        }
        bottom.close();
        return loss;
    }

    /** How many stages of a layer come before its first trained one. */
    private int frozenStages(int layer) {
        List<Layer> stages = layers.get(layer).stages();
        int frozen = 0;
        while (trained(stages.get(frozen)).isEmpty()) {
            frozen++;
        }
        return frozen;
    }

    private List<String> trained(Layer layer) {
        return layer.tensors().keySet().stream().filter(trainable::contains).toList();
    }

    /**
     * Runs stages and keeps what their backward passes need.
     *
     * @param end what is above the last stage was given, if it already ran once; null if it runs now
     * @return what is above is given
     */
    private Flow remember(List<Layer> stages, int first, Flow input, @Nullable Flow end, Deque<Segment> segments) {
        Flow x = input;
        for (int i = first; i < stages.size(); i++) {
            Layer stage = stages.get(i);
            Flow known = i == stages.size() - 1 ? end : null;
            boolean graph = remembers(stage, layers.getLast());
            if (known != null && !graph) {
                segments.push(new Stage(stage, x, null, known));
                return known;
            }
            Flow output = forward.run(stage, x, batch, graph);
            Flow next = known != null ? known : isLoss(stage) ? output : cutOff(output, x);
            segments.push(new Stage(stage, x, graph ? output : null, next));
            if (!graph) {
                output.closeAllBut(x);
            }
            x = next;
        }
        return x;
    }

    @SuppressWarnings("ReferenceEquality") // the very layer
    private boolean isLoss(Layer stage) {
        return stage == layers.getLast();
    }

    @SuppressWarnings("ReferenceEquality") // the very layer
    private boolean remembers(Layer stage, Layer loss) {
        return stage == loss || (!stage.isCheap(forward.weights().precision()) && !(stage instanceof ProductLayer));
    }

    /** The beginning of a new graph for what a layer made; what only passed by stays the same array. */
    private Flow cutOff(Flow output, Flow input) {
        List<NDArray> arrays = output.arrays().stream()
                .map(array -> input.holds(array) ? array : ops.leaf(array))
                .toList();
        return new Flow(arrays.getFirst(), arrays.subList(1, arrays.size()));
    }

    /** Runs a layer again and goes back through its stages. */
    private void backward(Again again, boolean ends, Backward backward) {
        List<Layer> stages = layers.get(again.number()).stages();
        int frozen = ends ? frozenStages(again.number()) : 0;
        Flow bottom = forward.above(stages.subList(0, frozen), again.input(), batch);
        Deque<Segment> inner = new ArrayDeque<>();
        remember(stages, frozen, bottom, again.next(), inner);
        while (!inner.isEmpty()) {
            if (inner.pop() instanceof Stage stage) {
                backward(stage, ends && inner.isEmpty(), backward);
            }
        }
        bottom.closeAllBut(again.input());
    }

    /**
     * Goes back through a stage.
     *
     * @param ends whether nothing below wants gradients
     */
    private void backward(Stage stage, boolean ends, Backward backward) {
        Flow input = stage.input();
        List<String> trained = trained(stage.layer());
        if (stage.layer() instanceof ProductLayer product) {
            List<NDArray> cut = stage.next().arrays().stream()
                    .filter(array -> !input.holds(array))
                    .toList();
            new ProductBackward(forward.weights(), gradients, backward).through(product, input, cut, ends, trained);
            stage.next().closeAllBut(input);
            return;
        }
        Flow kept = stage.output();
        Flow output = kept != null ? kept : forward.run(stage.layer(), input, batch, true);
        List<NDArray> made = new ArrayList<>();
        List<NDArray> cut = new ArrayList<>();
        for (int i = 0; i < output.arrays().size(); i++) {
            if (!input.holds(output.arrays().get(i))) {
                made.add(output.arrays().get(i));
                cut.add(stage.next().arrays().get(i));
            }
        }
        List<NDArray> below =
                ends ? List.of() : input.arrays().stream().filter(ops::isLeaf).toList();
        backward.through(made, cut, below, trained);
        output.closeAllBut(input);
        stage.next().closeAllBut(input);
    }
}
