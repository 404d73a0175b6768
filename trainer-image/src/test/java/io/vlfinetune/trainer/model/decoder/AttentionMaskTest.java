package io.vlfinetune.trainer.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Looks;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.LoadedModel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AttentionMaskTest {
    private static final int IMAGE = 9;

    private final Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
    private final LoadedModel model = LoadedModel.open(ops, new FamilyFixture("gemma3").folder(), Set.of());

    @AfterEach
    void close() {
        model.close();
        ops.close();
    }

    private static EncodedSample sample(int... ids) {
        int[] labels = new int[ids.length];
        Arrays.fill(labels, EncodedSample.NO_LOSS);
        labels[ids.length - 1] = ids[ids.length - 1];
        boolean image = Arrays.stream(ids).anyMatch(id -> id == IMAGE);
        return new EncodedSample("sample", ids, labels, image ? List.of(Pixels.tile(new float[3], 1, 1)) : List.of());
    }

    /** A line for every place of every row: x where it looks. */
    private String drawn(AttentionMask mask, EncodedSample... samples) {
        try (Batch batch = Batch.of(ops, List.of(samples), 0, IMAGE)) {
            Looks looks = mask.of(model.weights(), batch);
            if (!(looks instanceof Looks.Masked(NDArray made))) {
                assertThat(looks).isEqualTo(new Looks.Back());
                return "causal";
            }
            assertThat(mask.of(model.weights(), batch)).isEqualTo(looks);
            StringBuilder text = new StringBuilder();
            float[] values = made.toFloatArray();
            for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).isIn(0f, Float.NEGATIVE_INFINITY);
                text.append(values[i] == 0 ? 'x' : '.');
                text.append((i + 1) % batch.length() == 0 && i + 1 < values.length ? " " : "");
            }
            return text.toString();
        }
    }

    @Test
    void givenTextAloneThenNoMaskIsNeededUpToTheWindow() {
        assertThat(drawn(AttentionMask.WHOLE, sample(1, 2, 3))).isEqualTo("causal");
        assertThat(drawn(new AttentionMask(3), sample(1, 2, 3))).isEqualTo("causal");
        assertThat(drawn(new AttentionMask(2), sample(1, 2, 3), sample(4, 5, 6)))
                .isEqualTo("x.. xx. .xx");
    }

    @Test
    void givenAnImageThenItsTokensLookAtEachOtherInBothDirections() {
        assertThat(drawn(AttentionMask.WHOLE, sample(1, IMAGE, IMAGE, 2, IMAGE)))
                .isEqualTo("x.... xxx.. xxx.. xxxx. xxxxx");
        assertThat(drawn(new AttentionMask(8), sample(1, IMAGE, IMAGE))).isEqualTo("x.. xxx xxx");
    }

    @Test
    void givenAMaskWithMorePlacesThanAnArrayThenTheSampleIsNamed() {
        int[] ids = new int[46_341];
        Arrays.fill(ids, 1);
        ids[0] = IMAGE;
        assertThatThrownBy(() -> drawn(AttentionMask.WHOLE, sample(ids)))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.DataInvalid))
                .hasMessageContaining(
                        "sample: the attention mask of the batch that begins here, 1 samples of up to 46341 tokens");
    }

    @Test
    void givenAnImageAndAWindowThenTheWindowCutsBehindAndNotBefore() {
        assertThat(drawn(new AttentionMask(2), sample(1, IMAGE, IMAGE, IMAGE, 2)))
                .isEqualTo("x.... xxxx. .xxx. ..xx. ...xx");
    }

    @Test
    void givenRowsOfUnequalLengthThenEachHasItsOwnMask() {
        assertThat(drawn(AttentionMask.WHOLE, sample(1, IMAGE, IMAGE), sample(1, 2)))
                .isEqualTo("x.. xxx xxx x.. xx. xxx");
        // An image at the end of a row is not one with an image at the beginning of the next.
        assertThat(drawn(AttentionMask.WHOLE, sample(1, IMAGE), sample(IMAGE, 2)))
                .isEqualTo("x. xx x. xx");
    }
}
