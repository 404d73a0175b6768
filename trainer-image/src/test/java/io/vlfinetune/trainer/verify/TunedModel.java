package io.vlfinetune.trainer.verify;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.testing.FamilyFixture;
import io.vlfinetune.trainer.testing.FixtureCopy;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A fixture as some tool might have written it after training, to be held against the fixture itself.
 *
 * @param base folder of the fixture
 * @param copy the folder that is changed
 */
record TunedModel(Path base, FixtureCopy copy) {
    static TunedModel of(String family, Path folder) throws IOException {
        return new TunedModel(
                new FamilyFixture(family).folder(), FixtureCopy.of(family, Files.createDirectories(folder)));
    }

    Verification verify(@Nullable FreezeSpec freeze) {
        return Verifying.verify(new Verifying.Request(base, copy.folder(), freeze, "frozen.yaml"), (done, all) -> {});
    }

    /** Flips the lowest bit of a tensor's first element. */
    TunedModel flip(String name) {
        copy.withTensors(tensors -> tensors.put(name, flipped(tensors, name)));
        return this;
    }

    /** A copy of a stored tensor with one bit changed. */
    static TensorContent flipped(Map<String, TensorContent> tensors, String name) {
        TensorContent.Stored stored = stored(tensors, name);
        byte[] bytes = stored.bytes().toArray(ValueLayout.JAVA_BYTE);
        bytes[0] ^= 1;
        return new TensorContent.Stored(stored.dtype(), stored.shape(), MemorySegment.ofArray(bytes));
    }

    static TensorContent.Stored stored(Map<String, TensorContent> tensors, String name) {
        return (TensorContent.Stored) requireNonNull(tensors.get(name), name);
    }

    /** Stores a tensor as Float32, as LLaMA-Factory does with trained ones. */
    static TensorContent upcast(TensorContent content) {
        TensorContent.Stored stored = (TensorContent.Stored) content;
        short[] from = stored.bytes().toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        float[] to = new float[from.length];
        for (int i = 0; i < from.length; i++) {
            to[i] = stored.dtype() == DType.BF16 ? Float.intBitsToFloat(from[i] << 16) : Float.float16ToFloat(from[i]);
        }
        return floats(stored.shape(), to);
    }

    static TensorContent floats(List<Long> shape, float... values) {
        return new TensorContent.Stored(DType.F32, shape, MemorySegment.ofArray(values));
    }

    TunedModel renamed(UnaryOperator<String> rename) {
        copy.withTensors(tensors -> {
            Map<String, TensorContent> old = new TreeMap<>(tensors);
            tensors.clear();
            old.forEach((name, content) -> tensors.put(rename.apply(name), content));
        });
        return this;
    }

    /** Spreads the tensors over three files, neighbours into different ones. */
    TunedModel resharded() throws IOException {
        Path folder = copy.folder();
        copy.withTensors(tensors -> {});
        ObjectNode index = new JsonMapper().createObjectNode();
        try (Checkpoint whole = Checkpoint.open(folder)) {
            List<Map<String, TensorContent>> shards = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                shards.add(new TreeMap<>());
            }
            int at = 0;
            for (String name : whole.tensors().descendingKeySet()) {
                shards.get(at % 3).put(name, TensorContent.Stored.of(whole.fileOf(name), name));
                index.withObjectProperty("weight_map").put(name, "part-" + at % 3 + ".safetensors");
                at++;
            }
            for (int i = 0; i < 3; i++) {
                SafetensorsWriter.write(folder.resolve("part-" + i + ".safetensors"), shards.get(i), Map.of());
            }
        }
        Files.delete(folder.resolve(Checkpoint.SINGLE));
        Files.writeString(folder.resolve(Checkpoint.INDEX), index.toString());
        return this;
    }

    static VerifiedTensor tensor(Verification verification, String name) {
        return verification.tensors().stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
