package io.vlfinetune.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.VLFineTuneStatus;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.TrainerState;
import io.vlfinetune.operator.Samples;
import org.junit.jupiter.api.Test;

/** A merge patch removes nothing that it leaves out. */
class StatusPatchTest {
    @Test
    void namesEveryAbsentFieldAndPutsNoNullIntoLists() throws Exception {
        Life life = new Life(Samples.run(Samples.spec()), Samples.CONFIGURATION);
        life.step();
        life.running().report(Samples.report(1, 1, TrainerState.Training, 10)).step();
        VLFineTuneStatus status = life.status();

        JsonNode patch = Json.strict().readTree(StatusPatch.of("7", status)).get("status");

        assertThat(patch.size()).isEqualTo(VLFineTuneStatus.class.getRecordComponents().length);
        assertThat(patch.get("failure").isNull()).isTrue();
        assertThat(patch.at("/plan/parts/0").has("learningRate")).isFalse();
        assertThat(patch.at("/plan/parts/1/learningRate").asText()).isEqualTo("1e-5");
        assertThat(patch.at("/attempts/0").has("endTime")).isFalse();
    }

    /** What was planned from an old version must not overwrite what is known since: the server refuses it. */
    @Test
    void isRefusedIfTheRunHasAnotherVersionByNow() throws Exception {
        JsonNode patch = Json.strict().readTree(StatusPatch.of("7", VLFineTuneStatus.EMPTY));

        assertThat(patch.at("/metadata/resourceVersion").asText()).isEqualTo("7");
        assertThat(patch.get("metadata").size()).isEqualTo(1);
    }
}
