package io.vlfinetune.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.MetricStatus;
import org.junit.jupiter.api.Test;

class MetricBoardTest {
    @Test
    void givenALossThenTheSmallestIsBestAndTheFirstIsTheBaseline() {
        MetricBoard board = new MetricBoard();
        board.add("held/loss", 3.5, 0);
        board.add("held/loss", 1.25, 10);
        board.add("held/loss", 2, 20);

        assertThat(board.status())
                .containsExactly(new MetricStatus("held/loss", "2.0000", 20L, "1.2500", 10L, "3.5000"));
    }

    @Test
    void givenAnAccuracyThenTheLargestIsBestAndOfEqualOnesTheFirst() {
        MetricBoard board = new MetricBoard();
        board.add("held/accuracy", 0.5, 0);
        board.add("held/accuracy", 0.75, 10);
        board.add("held/accuracy", 0.75, 20);

        assertThat(board.status())
                .containsExactly(new MetricStatus("held/accuracy", "0.7500", 20L, "0.7500", 10L, "0.5000"));
    }

    @Test
    void givenSeveralMetricsWhenKeptAndTakenUpThenOrderAndValuesStay() {
        MetricBoard board = new MetricBoard();
        board.add("z/loss", 1, 0);
        board.add("a/loss", 2, 0);

        MetricBoard again = new MetricBoard(board.entries());
        again.add("z/loss", 0.5, 1);
        board.add("z/loss", 0.5, 1);

        assertThat(again.status()).isEqualTo(board.status());
        assertThat(again.status()).extracting(MetricStatus::name).containsExactly("z/loss", "a/loss");
    }
}
