package io.vlfinetune.trainer.model;

import java.util.Set;

/**
 * Which layers of a chain keep only their input for the backward pass and run again in it. It decides by whether
 * gradients flow through a layer and not by whether the layer is trained: what a frozen layer above a trained one
 * remembers is as large as what a trained one does (LLaMA-Factory #9202). Below the lowest trained layer nothing is kept
 * anyway.
 */
public sealed interface Recompute {
    /** Whether a layer runs again, if gradients flow through it; numbered as in {@link Chain#layers()}. */
    boolean runsAgain(int layer);

    /** No layer. */
    record None() implements Recompute {
        @Override
        public boolean runsAgain(int layer) {
            return false;
        }
    }

    /** Every layer. */
    record All() implements Recompute {
        @Override
        public boolean runsAgain(int layer) {
            return true;
        }
    }

    /**
     * Some layers.
     *
     * @param layers their numbers
     */
    record Some(Set<Integer> layers) implements Recompute {
        /** Copies the set. */
        public Some {
            layers = Set.copyOf(layers);
        }

        @Override
        public boolean runsAgain(int layer) {
            return layers.contains(layer);
        }
    }
}
