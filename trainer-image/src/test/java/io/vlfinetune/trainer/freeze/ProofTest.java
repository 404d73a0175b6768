package io.vlfinetune.trainer.freeze;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.contract.Json;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Safetensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The proof against copies of a model in which single bits were changed. */
class ProofTest {
    private static final FreezeSpec PROJECTOR_ONLY = new FreezeSpec(true, false, true, List.of());
    private static final String FROZEN = "language_model.model.layers.2.self_attn.k_proj.weight";
    private static final String TRAINED = "multi_modal_projector.linear_2.weight";

    @TempDir
    private Path folder;

    @Test
    void givenOneBitOfAFrozenTensorChangedThenItIsNamed() throws IOException {
        flip(FROZEN);
        Proof proof = proof(Set.of());
        assertThat(proof.leaked()).containsExactly(FROZEN);
        assertThat(proof.status().frozenTensors()).isEqualTo(110);
        assertThat(proof.status().verified()).isEqualTo(109);
        assertThat(proof.status().holds()).isFalse();
    }

    @Test
    void givenATrainedTensorChangedThenTheOthersAreUnusedOrRoundedBack() throws IOException {
        flip(TRAINED);
        Proof proof = proof(Set.of(TRAINED, "multi_modal_projector.linear_1.weight"));
        assertThat(proof.leaked()).isEmpty();
        assertThat(proof.changed()).containsExactly(TRAINED);
        assertThat(proof.unchangedAfterRounding()).containsExactly("multi_modal_projector.linear_1.weight");
        assertThat(proof.unused())
                .containsExactly("multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_2.bias");
        assertThat(proof.status().holds()).isTrue();
    }

    @Test
    void givenTheSameBytesUnderAnotherTypeThenTheFrozenTensorIsNotTheSame() throws IOException {
        Path file = copy().resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        int length = Math.toIntExact(
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
        String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
        int at = header.indexOf("F16", header.indexOf(FROZEN));
        bytes[8 + at] = 'I';
        Files.write(file, bytes);
        assertThat(proof(Set.of()).leaked()).containsExactly(FROZEN);
    }

    @Test
    void givenAProofWhenItBecomesJsonThenEmptyListsAreLeftOutAndReadAsEmpty() throws IOException {
        Proof proof = new Proof(110, List.of(), List.of(TRAINED), List.of(), List.of());
        String json = Json.strict().writeValueAsString(proof);
        assertThat(json).isEqualTo("{\"frozenTensors\":110,\"changed\":[\"" + TRAINED + "\"]}");
        assertThat(Json.strict().readValue(json, Proof.class)).isEqualTo(proof);
    }

    private Path copy() throws IOException {
        return Files.exists(folder.resolve("model.safetensors")) ? folder : LlavaFixture.copyTo(folder);
    }

    private void flip(String tensor) throws IOException {
        Path file = copy().resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        long dataBytes;
        long start;
        try (Safetensors opened = Safetensors.open(file)) {
            start = opened.info(tensor).start();
            dataBytes = opened.tensors().values().stream()
                    .mapToLong(info -> info.end())
                    .max()
                    .orElseThrow();
        }
        bytes[Math.toIntExact(bytes.length - dataBytes + start)] ^= 1;
        Files.write(file, bytes);
    }

    private Proof proof(Set<String> reached) {
        try (PlannedModel planned = PlannedModel.open(LlavaFixture.folder(), PROJECTOR_ONLY);
                Checkpoint trained = Checkpoint.open(folder)) {
            return Proof.of(planned.checkpoint(), trained, planned.plan(), reached);
        }
    }
}
