package io.vlfinetune.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import io.vlfinetune.trainer.testing.NativeHeap;
import io.vlfinetune.trainer.weights.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the forward pass leaves in memory for the backward pass, in bytes. */
class RememberedTest {
    private static final LlavaFixture FIXTURE = new LlavaFixture();
    private static final int PAIRS = 60;

    /** Counts of the Java machine's own allocations in between. */
    private static final long NOISE = 1 << 20;

    private static Ops ops;

    @BeforeAll
    static void start() {
        ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    }

    @AfterAll
    static void stop() {
        ops.close();
    }

    /** A head that tells what is in memory when the forward pass has come to it. */
    private record Probe(Head head, LongConsumer told) implements Head {
        @Override
        public List<LayerTensor> declared() {
            return head.declared();
        }

        @Override
        public NDArray logits(NDArray hidden, Weights weights) {
            told.accept(NativeHeap.bytes());
            return head.logits(hidden, weights);
        }
    }

    /** The median of several steps: the Java machine's compiler takes and gives back some as well. */
    private static long remembered(Set<String> trainable, Recompute recompute) {
        List<EncodedSample> samples = Collections.nCopies(PAIRS, FIXTURE.pair()).stream()
                .flatMap(List::stream)
                .toList();
        List<Long> found = new ArrayList<>();
        try (LoadedModel model = LoadedModel.open(ops, LlavaFixture.folder(), trainable)) {
            Chain chain = model.blueprint().chain();
            Chain probed = new Chain(chain.body(), chain.merge(), new Probe(chain.head(), found::add));
            Executor executor = new Executor(probed, model.weights(), recompute, null);
            List<Long> differences = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                try (Batch batch = model.batch(ops, samples);
                        Gradients gradients = new Gradients(ops)) {
                    long before = NativeHeap.bytes();
                    executor.step(batch, batch.targetCount(), gradients);
                    differences.add(found.getLast() - before);
                }
            }
            Collections.sort(differences);
            return differences.get(differences.size() / 2);
        }
    }

    /** LLaMA-Factory #9202: with the language model frozen, training the tower took more memory than training all. */
    @Test
    void givenFrozenLayersAboveTrainedOnesThenTheyRememberNoMoreThanIfTheyWereTrained() {
        for (Recompute recompute : List.of(new Recompute.None(), new Recompute.All())) {
            long full = remembered(FIXTURE.trainable("full"), recompute);
            assertThat(full).isGreaterThan(8 * NOISE);
            assertThat(remembered(FIXTURE.trainable("llm_frozen"), recompute))
                    .as(recompute.toString())
                    .isLessThan(full + NOISE);
        }
    }

    @Test
    void givenFrozenLayersBelowTrainedOnesThenTheyRememberNothing() {
        long full = remembered(FIXTURE.trainable("full"), new Recompute.None());
        long towerFrozen = remembered(FIXTURE.trainable("vision_frozen"), new Recompute.None());
        long projectorOnly = remembered(FIXTURE.trainable("projector_only"), new Recompute.None());
        assertThat(towerFrozen).isLessThan(full - 4 * NOISE);
        assertThat(projectorOnly).isLessThan(towerFrozen + NOISE);
    }

    @Test
    void givenLayersThatRunAgainThenOnlyWhatLiesBetweenThemIsRemembered() {
        for (String freezeCase : List.of("full", "llm_frozen")) {
            long kept = remembered(FIXTURE.trainable(freezeCase), new Recompute.None());
            long again = remembered(FIXTURE.trainable(freezeCase), new Recompute.All());
            assertThat(again).as(freezeCase).isLessThan(kept / 3);
        }
    }
}
