package io.vlfinetune.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    private Path folder;

    private Path file(String header, int dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return Files.write(
                folder.resolve("x.safetensors"),
                ByteBuffer.allocate(8 + text.length + dataBytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(text.length)
                        .put(text)
                        .array());
    }

    private static void assertRefused(Path file, String... pieces) {
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.ModelUnsupported))
                .message()
                .startsWith(file + ": ")
                .contains(pieces);
    }

    @ParameterizedTest(name = "{2}")
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}; 8; is not JSON",
                "[1]; 0; not a JSON object",
                "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}; 8;"
                        + " tensor a: dtype F8_E4M3 is not supported",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}; 8;"
                        + " tensor a: 8 bytes stored, but shape [3] in F32 needs 12",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}; 7;"
                        + " tensor a: bytes 0 to 8 lie outside the file's 7 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}; 8; tensor a: bytes 8 to 0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}; 9; tensors end at byte 8 of 9",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],"
                        + "\"data_offsets\":[2,6]}}; 6; tensor b: its first byte 2 overlaps another tensor",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],"
                        + "\"data_offsets\":[5,9]}}; 9; tensor b: its first byte 5 leaves a hole",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]}}; 4; tensor a: shape holds -4",
                "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}; 4; tensor a: shape must be a list",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}; 4; data_offsets must be two numbers",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}; 8;"
                        + " is beyond any memory",
            })
    void givenADamagedHeaderThenFileTensorAndProblemAreNamed(String header, int dataBytes, String problem)
            throws IOException {
        assertRefused(file(header, dataBytes), problem);
    }

    @Test
    void givenATensorListedTwiceThenItIsRefused() throws IOException {
        String entry = "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}";
        assertRefused(file("{" + entry + "," + entry + "}", 4), "Duplicate field 'a'");
    }

    @Test
    void givenAFileCutShortAnywhereThenItIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8));
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(whole, length));
            assertRefused(cut, "fetch it again");
        }
    }

    @Test
    void givenALengthThatIsNoneThenItIsRefused() throws IOException {
        Path file = Files.write(
                folder.resolve("x.safetensors"), "<!DOCTYPE html><html>not found".getBytes(StandardCharsets.UTF_8));
        assertRefused(file, "no safetensors file");
    }

    @Test
    void givenArraysWhenWrittenAndReadThenStoredTypesHoldThem() {
        float[] values = {0f, -1.5f, 3.140625f, 65504f};
        Path file = folder.resolve("all.safetensors");
        try (Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                NDArray array = ops.of(values, 2, 2);
                NDArray scalar = ops.of(7f)) {
            SafetensorsWriter.write(
                    file,
                    Map.of(
                            "half", new TensorContent.Held(ops, array, DType.F16),
                            "brain", new TensorContent.Held(ops, array, DType.BF16),
                            "single", new TensorContent.Held(ops, array, DType.F32),
                            "scalar", new TensorContent.Held(ops, scalar, DType.F32)),
                    Map.of("format", "pt"));
            try (Safetensors read = Safetensors.open(file)) {
                assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
                // Wider elements first, then by name, as the reference writer orders them.
                assertThat(read.tensors().keySet()).containsExactly("scalar", "single", "brain", "half");
                assertThat(read.info("scalar").shape()).isEmpty();
                assertThat(floats(ops, read, "single")).containsExactly(values);
                assertThat(floats(ops, read, "half")).containsExactly(values);
                // BF16 keeps 8 bits: 65504 rounds up.
                assertThat(floats(ops, read, "brain")).containsExactly(0f, -1.5f, 3.140625f, 65536f);
                assertThat(read.bytes("brain").toArray(ValueLayout.JAVA_SHORT_UNALIGNED))
                        .containsExactly((short) 0, (short) 0xBFC0, (short) 0x4049, (short) 0x4780);
            }
        }
        assertThat(folder.toFile().list()).containsExactly("all.safetensors");
    }

    private static float[] floats(Ops ops, Safetensors file, String name) {
        try (NDArray view = file.view(ops, name);
                NDArray copy = ops.over(
                        file.bytes(name),
                        file.info(name).dtype(),
                        file.info(name).axes())) {
            assertThat(view.getShape()).isEqualTo(copy.getShape());
            if (file.info(name).dtype() == DType.F32) {
                return view.toFloatArray();
            }
            try (NDArray wide = ops.cast(view, DType.F32)) {
                return wide.toFloatArray();
            }
        }
    }

    @Test
    void givenAMappedTensorWhenWrittenThenItsBytesAreTheSame() throws IOException {
        byte[] odd = {1, 2, 3, (byte) 255, 5, 6};
        Path first = folder.resolve("first.safetensors");
        Path second = folder.resolve("second.safetensors");
        SafetensorsWriter.write(
                first,
                Map.of("a", new TensorContent.Stored(DType.F16, List.of(3L), MemorySegment.ofArray(odd))),
                Map.of());
        try (Safetensors read = Safetensors.open(first)) {
            SafetensorsWriter.write(second, Map.of("a", TensorContent.Stored.of(read, "a")), Map.of());
            assertThat(read.bytes("a").toArray(ValueLayout.JAVA_BYTE)).isEqualTo(odd);
        }
        assertThat(second).hasSameBinaryContentAs(first);
        assertThat(Files.size(first) % 2).isZero();
    }
}
