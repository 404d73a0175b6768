package io.vlfinetune.trainer.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found, told and refused beyond one and the same model. */
class VerifyingTest {
    private static final FreezeSpec PROJECTOR_ONLY = new FreezeSpec(true, false, true, List.of());
    private static final String EMBEDDING = "language_model.model.embed_tokens.weight";
    private static final String HEAD = "language_model.lm_head.weight";

    @TempDir
    private Path folder;

    private TunedModel llava() throws IOException {
        return TunedModel.of("llava", folder);
    }

    private void refused(TunedModel model, Reason reason, String... words) {
        assertThatThrownBy(() -> model.verify(PROJECTOR_ONLY))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(reason))
                .hasMessageContainingAll(words);
    }

    @Test
    void givenNoDeclarationThenPartsAndLayersThatWereTrainedAreTold() throws IOException {
        Verification told = llava().flip("multi_modal_projector.linear_1.bias").verify(null);
        assertThat(told.declaration()).isNull();
        assertThat(told.leaked()).isEmpty();
        assertThat(told.parts()).extracting(VerifiedGroup::changed).containsExactly(0, 1, 0);
        assertThat(told.parts()).allSatisfy(part -> assertThat(part.declared()).isNull());
    }

    @Test
    void givenTensorsMissingAddedAndReshapedThenEachIsNamedAndFrozenOnesDoNotHold() throws IOException {
        TunedModel model = llava();
        model.copy().withTensors(tensors -> {
            tensors.remove(HEAD);
            tensors.remove("multi_modal_projector.linear_1.bias");
            tensors.put("value_head.weight", TunedModel.floats(List.of(2L), 1, 2));
            TensorContent.Stored table = TunedModel.stored(tensors, EMBEDDING);
            List<Long> shape = List.of(table.shape().get(0) / 2, table.shape().get(1) * 2);
            tensors.put(EMBEDDING, new TensorContent.Stored(table.dtype(), shape, table.bytes()));
        });

        Verification held = model.verify(PROJECTOR_ONLY);

        assertThat(held.missing()).containsExactly(HEAD, "multi_modal_projector.linear_1.bias");
        assertThat(held.added()).containsExactly("value_head.weight");
        assertThat(held.leaked()).containsExactly(HEAD, EMBEDDING);
        VerifiedTensor reshaped = TunedModel.tensor(held, EMBEDDING);
        assertThat(reshaped.likeness()).isEqualTo(Likeness.Reshaped);
        assertThat(reshaped.tunedShape()).isNotEqualTo(reshaped.shape());
    }

    @Test
    void givenFrozenValuesRoundedToANarrowerTypeThenTheyLeakedAndTheRoundingIsNamed() throws IOException {
        Path base = Files.createDirectories(folder.resolve("base"));
        TunedModel wide = TunedModel.of("llava", base);
        wide.copy()
                .withTensors(tensors -> tensors.replaceAll((name, content) -> {
                    TensorContent.Stored stored = (TensorContent.Stored) TunedModel.upcast(content);
                    float[] values = stored.bytes().toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED);
                    values[0] = 1.2345678f;
                    return TunedModel.floats(stored.shape(), values);
                }));
        TunedModel tuned = new TunedModel(
                base, TunedModel.of("llava", folder.resolve("tuned")).copy());
        tuned.copy()
                .withTensors(tensors -> tensors.replaceAll((name, content) -> {
                    TensorContent.Stored stored = (TensorContent.Stored) content;
                    byte[] bytes = stored.bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                    short rounded = Float.floatToFloat16(1.2345678f);
                    bytes[0] = (byte) rounded;
                    bytes[1] = (byte) (rounded >> 8);
                    return new TensorContent.Stored(stored.dtype(), stored.shape(), MemorySegment.ofArray(bytes));
                }));

        Verification held = tuned.verify(PROJECTOR_ONLY);

        VerifiedTensor leak = TunedModel.tensor(held, HEAD);
        assertThat(held.leaked()).contains(HEAD);
        assertThat(leak.roundedTo()).isEqualTo("F16");
        assertThat(leak.differingElements()).isEqualTo(1);
        assertThat(leak.largestDifference()).isBetween(1e-5, 1e-3);
    }

    @Test
    void givenATiedHeadStoredApartInEitherModelThenItIsComparedWithTheEmbedding() throws IOException {
        TunedModel stored = TunedModel.of("qwen2_vl", folder);
        stored.copy()
                .withTensors(tensors ->
                        tensors.put("lm_head.weight", TunedModel.stored(tensors, "model.embed_tokens.weight")));

        Verification inTuned = stored.verify(PROJECTOR_ONLY);
        Verification inBase = Verifying.verify(
                new Verifying.Request(stored.copy().folder(), stored.base(), PROJECTOR_ONLY, ""), (done, all) -> {});

        assertThat(inTuned.holds()).isTrue();
        assertThat(TunedModel.tensor(inTuned, "lm_head.weight").likeness()).isEqualTo(Likeness.Identical);
        assertThat(inBase.holds()).isTrue();
        assertThat(inBase.missing()).isEmpty();
    }

    @Test
    void givenAHeadThatWasTiedByTheToolThenItIsComparedWithTheEmbeddingThatStandsForIt() throws IOException {
        TunedModel model = llava();
        model.copy().with("config.json", config -> config.put("tie_word_embeddings", true));
        model.copy().withTensors(tensors -> tensors.remove(HEAD));

        Verification held = model.verify(PROJECTOR_ONLY);

        assertThat(held.missing()).isEmpty();
        assertThat(held.leaked()).containsExactly(HEAD);
        assertThat(TunedModel.tensor(held, HEAD).tunedName()).isEqualTo(EMBEDDING);
    }

    @Test
    void givenAFolderOfThisTrainerThenItsPlanIsWhatItIsHeldToUnlessAnotherIsGiven() throws IOException {
        TunedModel model = llava().flip(HEAD);
        ObjectNode document = new JsonMapper().createObjectNode();
        ArrayNode tensors = document.putObject("plan").putArray("tensors");
        // The plan's keys may be those of the other layout.
        new FamilyFixture("llava")
                .roles()
                .forEach((name, role) -> tensors.addObject()
                        .put("name", name.replace("language_model.model.", "model.language_model."))
                        .put("trainable", role.equals("projector")));
        Files.writeString(model.copy().folder().resolve("vlfinetune.json"), document.toString());

        Verification own = model.verify(null);
        Verification given = model.verify(new FreezeSpec(true, false, false, List.of()));

        assertThat(own.declaration()).endsWith("vlfinetune.json");
        assertThat(own.leaked()).containsExactly(HEAD);
        assertThat(given.declaration()).isEqualTo("frozen.yaml");
        assertThat(given.holds()).isTrue();
    }

    @Test
    void givenAPlanOfAnotherModelThenItIsRefused() throws IOException {
        TunedModel model = llava();
        Files.writeString(model.copy().folder().resolve("vlfinetune.json"), "{\"plan\": {\"tensors\": []}}");
        assertThatThrownBy(() -> model.verify(null))
                .isInstanceOf(TrainerException.class)
                .hasMessageContainingAll("vlfinetune.json", "does not name", "-f FILE");
    }

    @Test
    void givenAnAdapterThenTheMessageSaysToMergeItFirst() throws IOException {
        TunedModel model = llava();
        Files.delete(model.copy().folder().resolve("model.safetensors"));
        Files.createFile(model.copy().folder().resolve("adapter_model.safetensors"));
        refused(
                model,
                Reason.ModelUnsupported,
                "adapter",
                "merge_and_unload",
                model.copy().folder().toString());
    }

    @Test
    void givenAdapterTensorsAmongTheModelsThenTheMessageSaysToMergeThemFirst() throws IOException {
        TunedModel model = llava();
        String name = "language_model.model.layers.0.self_attn.q_proj.lora_A.weight";
        model.copy().withTensors(tensors -> tensors.put(name, TunedModel.floats(List.of(1L), 1)));
        refused(model, Reason.ModelUnsupported, name, "merge");
    }

    @Test
    void givenWeightsInAnotherFormatThenTheMessageSaysHowToConvertThem() throws IOException {
        TunedModel model = llava();
        Files.move(
                model.copy().folder().resolve("model.safetensors"),
                model.copy().folder().resolve("pytorch_model.bin"));
        refused(model, Reason.ModelUnsupported, "pytorch_model.bin", "save_pretrained");
    }

    @Test
    void givenAnotherFamilyThenBothAreNamed() throws IOException {
        TunedModel other = new TunedModel(new FamilyFixture("qwen2_vl").folder(), llava().copy());
        refused(other, Reason.ModelUnsupported, "\"llava\"", "\"qwen2_vl\"");
    }

    @Test
    void givenAQuantizedTensorThenItIsNamed() throws IOException {
        TunedModel model = llava();
        model.copy().withTensors(tensors -> {
            TensorContent.Stored head = TunedModel.stored(tensors, HEAD);
            long count = head.bytes().byteSize() / 2;
            tensors.put(
                    HEAD,
                    new TensorContent.Stored(DType.I8, head.shape(), MemorySegment.ofArray(new byte[(int) count])));
        });
        refused(model, Reason.ModelUnsupported, HEAD, "I8");
    }

    @Test
    void givenOneTensorInTwoLayoutsThenBothKeysAreNamed() throws IOException {
        TunedModel model = llava();
        model.copy().withTensors(tensors -> tensors.put("lm_head.weight", TunedModel.stored(tensors, HEAD)));
        refused(model, Reason.ModelUnsupported, HEAD, "lm_head.weight", "two key layouts");
    }

    @Test
    void progressNeverGoesBackAndEndsWithEverything() throws IOException {
        TunedModel model = llava().flip(HEAD);
        List<Long> told = new ArrayList<>();
        List<Long> all = new ArrayList<>();
        Verifying.verify(new Verifying.Request(model.base(), model.copy().folder(), null, ""), (done, bytes) -> {
            told.add(done);
            all.add(bytes);
        });
        assertThat(told).isSorted();
        assertThat(told.getLast()).isEqualTo(all.getLast());
        assertThat(all).containsOnly(all.getFirst());
    }

    @Test
    void theResultIsReadBackFromItsJson() throws IOException {
        Verification held = llava().flip(HEAD).verify(PROJECTOR_ONLY);
        String json = Json.strict().writeValueAsString(held);
        assertThat(json).startsWith("{\"formatVersion\":1,\"base\":").contains("\"holds\":false");
        assertThat(Json.strict().readTree(json).path("leaked").get(0).asText()).isEqualTo(HEAD);
        assertThat(Json.strict().readTree(json).has("missing")).isFalse();
    }
}
