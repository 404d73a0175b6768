package io.vlfinetune.trainer.model;

/**
 * A layer below the head that can leave places out as soon as no other place reads them: what only serves places without
 * a target is work that cannot matter.
 */
public interface NarrowingLayer extends Layer {
    /**
     * The same layer with the same tensors, whose output [targets, hidden] has only the places with a target, in the
     * order of {@link Batch#lossPlaces()}.
     */
    Layer atTargets();
}
