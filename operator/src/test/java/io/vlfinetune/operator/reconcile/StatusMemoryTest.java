package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.operator.Samples;
import io.vlfinetune.operator.conditions.StatusFactory;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** What is known of a run while its cache is behind. */
class StatusMemoryTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final StatusMemory memory = new StatusMemory();
    private final VLFineTuneStatus status = StatusFactory.refused(VLFineTuneStatus.EMPTY, "no", 1, NOW);

    @Test
    void givenACacheThatLacksTheLastWriteThenWhatWasWrittenIsPlannedFrom() {
        memory.remember(run(7), status, NOW);
        VLFineTune behind = run(5);

        memory.refresh(behind);

        assertThat(behind.getStatus()).isEqualTo(status);
        assertThat(behind.getMetadata().getResourceVersion()).isEqualTo("7");
        assertThat(memory.written(behind)).contains(NOW);
    }

    @Test
    void givenACacheThatGoesBackBehindAVersionThatSomebodyElseWroteThenNothingIsPlannedUntilItIsBack() {
        memory.remember(run(7), status, NOW);
        assertThat(memory.seen(run(9), run(7))).as("ordinary progress").isFalse();

        assertThatThrownBy(() -> memory.refresh(run(8)))
                .isInstanceOf(StaleCacheException.class)
                .hasMessageContaining("9");
        assertThat(memory.seen(run(8), run(9))).isFalse();
        assertThat(memory.seen(run(9), run(8))).as("it is back: wake the run").isTrue();
        memory.refresh(run(9));
    }

    @Test
    void givenARunThatThisOperatorNeverWroteThenACacheThatGoesBackIsNoticedToo() {
        memory.refresh(run(9));

        assertThatThrownBy(() -> memory.refresh(run(4))).isInstanceOf(StaleCacheException.class);
        assertThat(memory.written(run(9))).isEmpty();
    }

    @Test
    void givenAnotherRunOfTheNameThenNothingIsKnownOfItOnceTheFirstIsForgotten() {
        memory.remember(run(7), status, NOW);
        VLFineTune other = run(3);
        other.getMetadata().setUid("another");

        assertThat(memory.knowsAnother(other)).isTrue();
        memory.forget(ResourceID.fromResource(other));
        memory.refresh(other);
        assertThat(other.getStatus()).isNull();
        assertThat(memory.knowsAnother(other)).isFalse();
    }

    private static VLFineTune run(long version) {
        VLFineTune run = Samples.run(Samples.spec());
        run.getMetadata().setResourceVersion(Long.toString(version));
        return run;
    }
}
