package io.vlfinetune.trainer.model.qwen;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TowerPartsTest {
    @Test
    void givenStretchesThenEachAxisHasItsOwn() {
        assertThat(axes(new MultimodalRotary(16, 1e6, List.of(2, 3, 3), false)))
                .containsExactly(0, 0, 1, 1, 1, 2, 2, 2);
    }

    /** recomposition_frequencies of modeling_qwen3_vl.py. */
    @Test
    void givenTurnsThenTheAxesTakeThemUntilTheirShareIsUsedUp() {
        assertThat(axes(new MultimodalRotary(16, 5e6, List.of(3, 3, 2), true))).containsExactly(0, 1, 2, 0, 1, 2, 0, 1);
        int[] published = axes(new MultimodalRotary(128, 5e6, List.of(24, 20, 20), true));
        assertThat(IntStream.of(published).filter(axis -> axis == 0)).hasSize(24);
        assertThat(published[58]).isEqualTo(1);
        assertThat(published[59]).isEqualTo(2);
        assertThat(IntStream.range(60, 64).map(i -> published[i])).containsOnly(0);
    }

    private static int[] axes(MultimodalRotary rotary) {
        return IntStream.range(0, rotary.headSize() / 2).map(rotary::axis).toArray();
    }

    @Test
    void givenFeaturesThenWindowsOfOneSizeStandTogetherTheLargestFirst() {
        assertThat(new Windows(4).of(9, 6))
                .containsExactly(
                        new Windows.Window(0, 0, 4, 4),
                        new Windows.Window(4, 0, 4, 4),
                        new Windows.Window(0, 4, 4, 2),
                        new Windows.Window(4, 4, 4, 2),
                        new Windows.Window(8, 0, 1, 4),
                        new Windows.Window(8, 4, 1, 2));
        assertThat(Windows.NONE.of(9, 6)).containsExactly(new Windows.Window(0, 0, 9, 6));
    }
}
