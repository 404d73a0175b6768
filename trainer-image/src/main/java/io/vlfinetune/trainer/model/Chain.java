package io.vlfinetune.trainer.model;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A model as one chain of layers.
 *
 * @param body all layers but the last, from pixels to hidden states
 * @param merge index of the layer that puts image features among token embeddings; text alone starts there
 * @param head the last layer
 */
public record Chain(List<Layer> body, int merge, Head head) {
    /** Refuses a merge outside the chain. */
    public Chain {
        body = List.copyOf(body);
        if (merge < 0 || merge >= body.size()) {
            throw new IllegalArgumentException("merge " + merge + " in a chain of " + body.size());
        }
    }

    /** All layers. */
    public List<Layer> layers() {
        List<Layer> all = new ArrayList<>(body);
        all.add(head);
        return all;
    }

    /** All layers as the loss needs them: the one below the head makes only what has a target, if it can. */
    public List<Layer> layersForLoss() {
        List<Layer> all = layers();
        if (body.size() - 1 > merge && body.getLast() instanceof NarrowingLayer last) {
            all.set(body.size() - 1, last.atTargets());
        }
        return all;
    }

    /** Names of all tensors the chain reads, in its order; each once, also if two layers share it. */
    public Set<String> tensors() {
        Set<String> names = new LinkedHashSet<>();
        layers().forEach(layer -> names.addAll(layer.tensors().keySet()));
        return names;
    }
}
