package io.vlfinetune.trainer.model;

import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.weights.Weights;
import java.util.List;

/**
 * Runs layers.
 *
 * @param weights their tensors
 */
record Forward(Weights weights) {
    Ops ops() {
        return weights.ops();
    }

    /** What a layer makes of a flow, which stays alive. */
    Flow run(Layer layer, Flow x, Batch batch, boolean graph) {
        return ops().withGradients(graph, () -> ops().scoped(() -> layer.forward(x, weights, batch), Flow::arrays));
    }

    /** Runs layers without gradients; each input, the first one too, is freed as soon as it was read. */
    Flow through(List<Layer> layers, Flow input, Batch batch) {
        Flow x = input;
        for (Layer layer : layers) {
            Flow made = run(layer, x, batch, false);
            x.closeAllBut(made);
            x = made;
        }
        return x;
    }

    /** The same, but arrays of the first input stay alive. */
    Flow above(List<Layer> layers, Flow input, Batch batch) {
        Flow x = input;
        for (Layer layer : layers) {
            Flow made = run(layer, x, batch, false);
            x.closeAllBut(made, input);
            x = made;
        }
        return x;
    }

    /** The same from the batch's pixels on. */
    Flow fromPixels(List<Layer> layers, Batch batch) {
        return through(layers, Flow.of(ops().detached(batch.pixels())), batch);
    }

    /** What layers consist of. */
    static List<Layer> stages(List<Layer> layers) {
        return layers.stream().flatMap(layer -> layer.stages().stream()).toList();
    }
}
