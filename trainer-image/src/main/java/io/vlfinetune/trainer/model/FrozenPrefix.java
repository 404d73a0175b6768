package io.vlfinetune.trainer.model;

import java.util.List;
import java.util.Set;

/**
 * The layers of a chain below the lowest trained one. In training they run for one unit at a time, whether what they
 * make is stored or not: the last bits of a matrix product depend on its number of rows, and what is read back must be
 * what would have been computed.
 *
 * @param layers from the pixels on, as the loss needs them; empty if the first layer is trained or none is
 * @param merge how many of them text alone does not pass
 * @param unit what they run for
 */
public record FrozenPrefix(List<Layer> layers, int merge, Unit unit) {
    /** What a prefix runs for at a time. */
    public enum Unit {
        /** Nothing: there is no prefix. */
        None,
        /** One image with all its pieces: the prefix ends at or below the merge, and reads no text. */
        Image,
        /** One sample from its pixels on, unpadded: the prefix ends above the merge. */
        Sample
    }

    /** Copies the list. */
    public FrozenPrefix {
        layers = List.copyOf(layers);
    }

    /**
     * The prefix of a chain of which some tensors are trained. It ends between layers: what is frozen within the layer
     * above it runs with that layer.
     */
    public static FrozenPrefix of(Chain chain, Set<String> trainable) {
        List<Layer> layers = chain.layersForLoss();
        int end = 0;
        while (end < layers.size()
                && layers.get(end).tensors().keySet().stream().noneMatch(trainable::contains)) {
            end++;
        }
        if (end == 0 || end == layers.size()) {
            return new FrozenPrefix(List.of(), 0, Unit.None);
        }
        boolean belowText = end <= chain.merge();
        return new FrozenPrefix(
                layers.subList(0, end), Math.min(end, chain.merge()), belowText ? Unit.Image : Unit.Sample);
    }
}
