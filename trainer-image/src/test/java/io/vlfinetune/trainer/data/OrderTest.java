package io.vlfinetune.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OrderTest {
    @Test
    void givenASeedThenTheOrderIsTheSameForever() {
        // a change here changes the data order of every resumed run
        assertThat(new Order(10, 42).epoch(0)).containsExactly(5, 1, 9, 6, 7, 2, 4, 0, 8, 3);
        assertThat(new Order(10, 42).epoch(1)).containsExactly(7, 3, 1, 8, 2, 5, 9, 4, 6, 0);
    }

    @Test
    void givenAnyEpochThenEverySampleComesOnce() {
        for (int size : new int[] {0, 1, 2, 1000}) {
            int[] order = new Order(size, 7).epoch(3);
            Arrays.sort(order);
            assertThat(order).isEqualTo(IntStream.range(0, size).toArray());
        }
    }

    @Test
    void givenManyEpochsThenEveryPlaceIsAboutEquallyLikely() {
        int[][] counts = new int[5][5];
        for (int epoch = 0; epoch < 5000; epoch++) {
            int[] order = new Order(5, 1).epoch(epoch);
            for (int place = 0; place < 5; place++) {
                counts[place][order[place]]++;
            }
        }
        for (int[] row : counts) {
            for (int count : row) {
                assertThat(count).isBetween(880, 1120); // 1000 expected, standard deviation 28
            }
        }
    }

    @Test
    void givenAnotherSeedOrEpochThenTheOrderDiffers() {
        assertThat(new Order(100, 1).epoch(0))
                .isNotEqualTo(new Order(100, 2).epoch(0))
                .isNotEqualTo(new Order(100, 1).epoch(1));
    }
}
