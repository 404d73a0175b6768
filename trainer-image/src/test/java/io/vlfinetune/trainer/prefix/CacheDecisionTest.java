package io.vlfinetune.trainer.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.PrefixCacheMode;
import io.vlfinetune.trainer.model.FrozenPrefix;
import io.vlfinetune.trainer.prefix.CacheDecision.Measured;
import io.vlfinetune.trainer.prefix.CacheDecision.Question;
import org.junit.jupiter.api.Test;

class CacheDecisionTest {
    private static final long GIBIBYTE = 1L << 30;

    /** Two samples with three images, of half a mebibyte and a tenth of a second each. */
    private static final Measured IMAGES = new Measured(2, 3, 3 << 19, 300_000_000);

    private static final Question QUESTION =
            new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Image, 1198, 3, 10 * GIBIBYTE, 0, 0);

    private static CacheDecision decide(Question question, Measured measured) {
        return CacheDecision.of(question, () -> measured);
    }

    private static CacheDecision withoutMeasuring(Question question) {
        return CacheDecision.of(question, () -> {
            throw new AssertionError("measured for nothing");
        });
    }

    @Test
    void givenSeveralEpochsAboveAFrozenTowerThenItIsOnWithHalfOfScratch() {
        assertThat(decide(QUESTION, IMAGES))
                .isEqualTo(
                        new CacheDecision(
                                true,
                                5 * GIBIBYTE,
                                "prefix cache: features of about 1,797 images, 899 MiB, read from the second epoch on; 3 epochs"));
    }

    @Test
    void givenFrozenLanguageBlocksThenHiddenStatesOfSamplesAreStored() {
        Question question =
                new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Sample, 1000, 2.5, 10 * GIBIBYTE, 0, 0);
        assertThat(decide(question, new Measured(4, 4, 4 << 20, 400_000_000)).sentence())
                .isEqualTo(
                        "prefix cache: hidden states of about 1,000 samples, 1,000 MiB, read from the second epoch on; 2.5 epochs");
    }

    @Test
    void givenTooLittleScratchBesideCheckpointsThenAPartIsStoredAndTheSentenceSaysSo() {
        Question question =
                new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Image, 1198, 3, 1000 << 20, 800 << 20, 0);
        CacheDecision decision = decide(question, IMAGES);
        assertThat(decision.on()).isTrue();
        assertThat(decision.cap()).isEqualTo(100 << 20);
        assertThat(decision.sentence())
                .contains("899 MiB, of which 100 MiB fit into half of the scratch that checkpoints leave");
    }

    @Test
    void givenNoScratchThenItIsOff() {
        Question question =
                new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Image, 1198, 3, (1 << 30) + 900_000, 1 << 30, 0);
        assertThat(decide(question, IMAGES))
                .isEqualTo(new CacheDecision(
                        false, 0, "prefix cache off: scratch has only 1 MiB free beside what checkpoints need"));
    }

    @Test
    void givenCheckpointsThatNeedMoreThanThereIsThenItIsOff() {
        Question question = new Question(
                PrefixCacheMode.Auto, FrozenPrefix.Unit.Image, 1198, 3, GIBIBYTE, Long.MAX_VALUE, GIBIBYTE);
        assertThat(decide(question, IMAGES).sentence())
                .isEqualTo("prefix cache off: scratch has only 0 MiB free beside what checkpoints need");
    }

    @Test
    void givenOneEpochThenItIsOffUnlessAnEarlierAttemptStoredUnits() {
        Question once = new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Image, 1198, 1, 10 * GIBIBYTE, 0, 0);
        assertThat(withoutMeasuring(once).sentence()).isEqualTo("prefix cache off: no sample is seen twice");
        Question resumed = new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Image, 1198, 0.5, 0, 0, GIBIBYTE);
        assertThat(decide(resumed, IMAGES).on()).isTrue();
        assertThat(decide(resumed, IMAGES).cap()).isEqualTo(GIBIBYTE / 2);
    }

    @Test
    void givenItIsDeclaredOffOrNothingIsFrozenBelowThenItIsOff() {
        assertThat(withoutMeasuring(new Question(
                                PrefixCacheMode.Never, FrozenPrefix.Unit.Image, 10, 3, GIBIBYTE, 0, GIBIBYTE))
                        .sentence())
                .isEqualTo("prefix cache off: spec.training.prefixCache is Never");
        assertThat(withoutMeasuring(new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.None, 10, 3, GIBIBYTE, 0, 0))
                        .sentence())
                .isEqualTo("prefix cache off: the first layer is trained");
    }

    @Test
    void givenAPrefixThatOnlyLooksUpEmbeddingsThenReadingWouldNotBeFaster() {
        Question question = new Question(PrefixCacheMode.Auto, FrozenPrefix.Unit.Sample, 1000, 3, 10 * GIBIBYTE, 0, 0);
        assertThat(decide(question, new Measured(4, 4, 4 << 20, 1_000_000)).sentence())
                .isEqualTo("prefix cache off: frozen layers compute as fast as a disk reads");
    }

    @Test
    void givenTextAloneAboveAFrozenTowerThenThereIsNothingToStore() {
        assertThat(decide(QUESTION, new Measured(4, 0, 0, 0)).sentence())
                .isEqualTo("prefix cache off: there is nothing frozen to compute for these samples");
    }
}
