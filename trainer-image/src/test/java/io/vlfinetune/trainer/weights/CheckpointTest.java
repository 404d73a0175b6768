package io.vlfinetune.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.testing.LlavaFixture;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final String NORM = "language_model.model.norm.weight";

    @TempDir
    private Path folder;

    /** The fixture's tensors in two shards, split at the tower. */
    private Path sharded() throws IOException {
        Files.copy(LlavaFixture.folder().resolve("config.json"), folder.resolve("config.json"));
        StringBuilder index = new StringBuilder();
        try (Checkpoint source = Checkpoint.open(LlavaFixture.folder())) {
            Map<String, TensorContent> language = new TreeMap<>();
            Map<String, TensorContent> vision = new TreeMap<>();
            source.tensors().keySet().forEach(name -> {
                boolean second = name.startsWith("vision");
                (second ? vision : language).put(name, TensorContent.Stored.of(source.fileOf(name), name));
                index.append(index.isEmpty() ? "" : ",")
                        .append("\"%s\":\"%s.safetensors\"".formatted(name, second ? "two" : "one"));
            });
            SafetensorsWriter.write(folder.resolve("one.safetensors"), language, Map.of());
            SafetensorsWriter.write(folder.resolve("two.safetensors"), vision, Map.of());
        }
        Files.writeString(folder.resolve(Checkpoint.INDEX), "{\"weight_map\":{" + index + "}}");
        return folder;
    }

    private static void assertRefused(Path folder, String... pieces) {
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .isInstanceOf(TrainerException.class)
                .message()
                .contains(pieces);
    }

    @Test
    void givenTheSameTensorsInShardsThenHeaderAndDigestsAreTheSame() throws IOException {
        try (Checkpoint single = Checkpoint.open(LlavaFixture.folder());
                Checkpoint shards = Checkpoint.open(sharded())) {
            assertThat(shards.files()).hasSize(2);
            assertThat(shards.headerDigest()).isEqualTo(single.headerDigest()).hasSize(64);
            assertThat(shards.tensors().keySet()).isEqualTo(single.tensors().keySet());
            assertThat(shards.digest(NORM)).isEqualTo(single.digest(NORM));
            assertThat(single.digest(NORM)).isNotEqualTo(single.digest("language_model.lm_head.weight"));
        }
    }

    @Test
    void givenAnIndexWhoseShardIsMissingThenTheShardIsNamed() throws IOException {
        Files.delete(sharded().resolve("two.safetensors"));
        assertRefused(folder, Checkpoint.INDEX, "lists two.safetensors, which is missing");
    }

    @Test
    void givenAnIndexThatListsATensorNoShardHasThenTheTensorIsNamed() throws IOException {
        Path index = sharded().resolve(Checkpoint.INDEX);
        Files.writeString(
                index,
                Files.readString(index)
                        .replace("{\"weight_map\":{", "{\"weight_map\":{\"x.weight\":\"one.safetensors\","));
        assertRefused(folder, "one.safetensors: tensor x.weight");
    }

    @Test
    void givenAnIndexThatPointsOutsideTheFolderThenItIsRefused() throws IOException {
        Path index = sharded().resolve(Checkpoint.INDEX);
        Files.writeString(index, Files.readString(index).replace("\"two.safetensors\"", "\"../two.safetensors\""));
        assertRefused(folder, "\"../two.safetensors\" is no file name");
    }

    @Test
    void givenNoWeightsThenTheFolderIsNamedAndWhatItNeeds() throws IOException {
        Files.copy(LlavaFixture.folder().resolve("config.json"), folder.resolve("config.json"));
        assertRefused(folder, folder.toString(), "model.safetensors");
    }

    @Test
    void givenABrokenConfigurationThenFileAndLineAreNamed() throws IOException {
        assertRefused(folder, "config.json: the file is missing");
        Files.writeString(folder.resolve("config.json"), "{\n \"model_type\": llava\n}");
        assertRefused(folder, "config.json: line 2: not JSON");
    }

    @Test
    void givenFrozenAndTrainableTensorsThenFrozenOnesLieOverTheFileAndTrainableOnesAreCopies() throws IOException {
        LlavaFixture.copyTo(folder);
        float[] values = {1, 2, 3};
        SafetensorsWriter.write(
                folder.resolve("model.safetensors"),
                Map.of(
                        "frozen", new TensorContent.Stored(DType.F32, List.of(3L), MemorySegment.ofArray(values)),
                        "trained", new TensorContent.Stored(DType.F32, List.of(3L), MemorySegment.ofArray(values))),
                Map.of());
        byte[] before = Files.readAllBytes(folder.resolve("model.safetensors"));
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                Checkpoint checkpoint = Checkpoint.open(folder);
                Weights weights =
                        new Weights(ops, checkpoint, List.of("frozen", "trained"), Set.of("trained"), DType.F32)) {
            assertThat(address(ops, weights, "frozen"))
                    .isEqualTo(checkpoint.fileOf("frozen").bytes("frozen").address());
            assertThat(address(ops, weights, "trained"))
                    .isNotEqualTo(checkpoint.fileOf("trained").bytes("trained").address());
            weights.restore("trained", MemorySegment.ofArray(new float[] {7, 8, 9}));
            assertThat(weights.get("trained").toFloatArray()).containsExactly(7, 8, 9);
            assertThatThrownBy(() -> weights.restore("trained", MemorySegment.ofArray(new float[] {7, 8})))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(weights.get("frozen").toFloatArray()).containsExactly(values);
        }
        assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(before);
    }

    private static long address(Ops ops, Weights weights, String name) {
        return ops.memory(weights.get(name)).address();
    }

    @Test
    void givenHalfPrecisionOnDiskThenTrainableTensorsAreExactInFloat32() {
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                Checkpoint checkpoint = Checkpoint.open(LlavaFixture.folder());
                Weights weights = new Weights(ops, checkpoint, List.of(NORM), Set.of(NORM), DType.BF16)) {
            short[] stored = checkpoint.fileOf(NORM).bytes(NORM).toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
            float[] held = weights.master(NORM).toFloatArray();
            for (int i = 0; i < stored.length; i++) {
                assertThat(held[i]).isEqualTo(Float.float16ToFloat(stored[i]));
            }
            try (NDArray compute = weights.get(NORM)) {
                assertThat(ops.dtype(compute)).isEqualTo(DType.BF16);
            }
        }
    }

    @Test
    void givenDataThatBeginsAtAnOddByteThenFrozenTensorsAreCopiedIntoPlace() throws IOException {
        Files.copy(LlavaFixture.folder().resolve("config.json"), folder.resolve("config.json"));
        byte[] header =
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} ".getBytes(StandardCharsets.UTF_8);
        assertThat(header.length % 2).isOne();
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header).putFloat(1.5f).putFloat(-2f);
        Files.write(folder.resolve("model.safetensors"), bytes.array());
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                Checkpoint checkpoint = Checkpoint.open(folder);
                Weights weights = new Weights(ops, checkpoint, List.of("a"), Set.of(), DType.F32)) {
            assertThat(address(ops, weights, "a") % 4).isZero();
            assertThat(weights.get("a").toFloatArray()).containsExactly(1.5f, -2f);
        }
    }
}
