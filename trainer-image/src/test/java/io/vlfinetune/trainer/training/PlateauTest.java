package io.vlfinetune.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.PlateauSpec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlateauTest {
    @ParameterizedTest(name = "{0}, patience {1}, least difference {2}: {3}")
    @CsvSource({
        // A loss gets better when it falls, any other metric when it rises; equal is not better.
        "a/loss, 1, 0, 5 4 4, 2",
        "a/loss, 2, 0, 5 4 4 3 3 3, 5",
        "a/loss, 1, 0, 5 4 3 2, -1",
        "a/loss, 1, 0, 5 6, 1",
        "a/accuracy, 1, 0, 0.1 0.2 0.2, 2",
        "a/accuracy, 1, 0, 0.2 0.1, 1",
        "a/accuracy, 3, 0, 0 0 0 0, 3",
        // What is better by no more than the least difference does not count, step after step.
        "a/loss, 2, 0.5, 5 4.6 4.2 3.9, -1",
        "a/loss, 2, 0.5, 5 4.6 4.5, 2",
        "a/loss, 1, 0.5, 5 4.5, 1",
        "a/loss, 1, 0.5, 5 4.4, -1"
    })
    void givenValuesThenItIsReachedWhenNoneWasBetterForAsManyEvaluations(
            String metric, int patience, String minDelta, String values, int reachedAt) {
        Plateau plateau = new Plateau(new PlateauSpec(metric, patience, minDelta));
        Plateau.Seen seen = null;
        int reached = -1;
        List<String> all = List.of(values.split(" ", -1));
        for (int i = 0; i < all.size() && reached < 0; i++) {
            seen = plateau.next(seen, Double.parseDouble(all.get(i)));
            reached = plateau.reached(seen) ? i : -1;
        }
        assertThat(reached).isEqualTo(reachedAt);
    }

    @Test
    void givenNoValueYetThenItIsNotReached() {
        assertThat(new Plateau(new PlateauSpec("a/loss", 1, null)).reached(null))
                .isFalse();
    }

    @Test
    void givenAWorseValueThenTheBestOneIsStillTheOneToBeat() {
        Plateau plateau = new Plateau(new PlateauSpec("a/loss", 5, "0"));
        Plateau.Seen seen = plateau.next(plateau.next(null, 2), 3);
        assertThat(seen).isEqualTo(new Plateau.Seen(2, 1));
        assertThat(plateau.next(seen, 2.5)).isEqualTo(new Plateau.Seen(2, 2));
        assertThat(plateau.next(seen, 1.5)).isEqualTo(new Plateau.Seen(1.5, 0));
    }
}
