package io.vlfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.cli.embedded.NodeResources;
import io.vlfinetune.cli.embedded.Standing;
import io.vlfinetune.trainer.weights.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vlft verify} on a tiny LLaVA and a copy of it in which bits are changed. */
class VerifyCommandTest {
    private static final Path BASE =
            Path.of("../trainer-image/src/test/resources/fixtures/llava").toAbsolutePath();
    private static final String HEAD = "language_model.lm_head.weight";
    private static final String PROJECTOR = "multi_modal_projector.linear_1.bias";

    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private boolean terminal;

    @BeforeEach
    void copy() throws IOException {
        Path tuned = Files.createDirectories(folder.resolve("tuned"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(BASE.resolve(name), tuned.resolve(name));
        }
        Files.writeString(folder.resolve("frozen.yaml"), """
                apiVersion: vlfinetune.io/v1alpha1
                kind: VLFineTune
                metadata: {name: held}
                spec:
                  model: {source: "file://./base"}
                  data: {train: [{source: "file://./train.jsonl"}]}
                  freeze: {visionTower: true, languageModel: true}
                  training: {steps: 1}
                  resources: {gpus: 0, cpu: "1"}
                  output: {destination: "pvc://models/held"}
                """);
    }

    private void flip(String tensor) throws IOException {
        Path file = folder.resolve("tuned/model.safetensors");
        long at;
        try (Safetensors opened = Safetensors.open(file)) {
            long data = opened.tensors().values().stream()
                    .mapToLong(info -> info.end())
                    .max()
                    .orElseThrow();
            at = Files.size(file) - data + opened.info(tensor).start();
        }
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int old = bytes.read();
            bytes.seek(at);
            bytes.write(old ^ 1);
        }
    }

    private int verify(String... more) {
        String[] arguments = new String[5 + more.length];
        System.arraycopy(new String[] {"verify", "--base", BASE.toString(), "--tuned", "tuned"}, 0, arguments, 0, 5);
        System.arraycopy(more, 0, arguments, 5, more.length);
        Surroundings surroundings = new Surroundings(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                terminal,
                terminal,
                folder,
                folder,
                Standing.trainer(),
                new NodeResources(1, 1L << 30, 0),
                Clock.systemUTC());
        return Vlft.execute(surroundings, arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void givenOnlyTrainableTensorsChangedThenNothingLeakedAndTheCodeIsZero() throws IOException {
        flip(PROJECTOR);

        int code = verify("-f", "frozen.yaml");

        assertThat(code).as(err()).isZero();
        assertThat(out())
                .contains("frozen  frozen.yaml", "nothing leaked: all 110 frozen tensors are bit-identical")
                .containsPattern("Projector +0 +0 +0 +0 +4 +1 +3")
                .doesNotContain("\u001b");
        assertThat(err()).isEmpty();
    }

    @Test
    void givenAFrozenTensorChangedThenItIsNamedAndTheCodeIs15() throws IOException {
        flip(HEAD);

        int code = verify("-f", "frozen.yaml");

        assertThat(code).isEqualTo(15);
        assertThat(out())
                .containsPattern("LEAKED TENSOR +ROLE +DIFFERING ELEMENTS +LARGEST DIFFERENCE")
                .containsPattern(HEAD + " +OutputHead +1 of [0-9,]+ +[0-9.e-]+")
                .endsWith("FrozenTensorChanged: 1 of 110 frozen tensors leaked" + System.lineSeparator());
    }

    @Test
    void givenNoDeclarationThenWhatWasTrainedIsToldAndTheCodeIsZero() throws IOException {
        flip(PROJECTOR);

        int code = verify();

        assertThat(code).isZero();
        assertThat(out())
                .contains(
                        "nothing was declared",
                        "in fact trained: Projector (1 of 4 tensors); unchanged: VisionTower, LanguageModel")
                .containsPattern("LanguageModel +LanguageBlock +0-3 +[0-9]+ +[0-9]+ +0 +0");
    }

    @Test
    void theRecordIsAloneOnStandardOutput() throws IOException {
        flip(HEAD);

        int code = verify("-f", "frozen.yaml", "--output", "json");

        assertThat(code).isEqualTo(15);
        JsonNode record = new JsonMapper().readTree(out());
        assertThat(record.path("holds").booleanValue()).isFalse();
        assertThat(record.at("/leaked/0").textValue()).isEqualTo(HEAD);
        assertThat(record.at("/parts/0/declared/frozen").intValue()).isPositive();
        assertThat(record.path("tensors")).hasSize(114);
    }

    @Test
    void onATerminalABarIsDrawnAndTakenAwayAndTheVerdictIsColoured() throws IOException {
        terminal = true;
        flip(HEAD);

        assertThat(verify("-f", "frozen.yaml")).isEqualTo(15);

        assertThat(err()).contains("100.0 % of 0.00 GB").endsWith("\r\u001b[K");
        assertThat(out()).contains("\u001b[31mFrozenTensorChanged\u001b[0m");
    }

    @Test
    void whatCannotBeComparedHasTheCodeOfItsReason() throws IOException {
        Files.delete(folder.resolve("tuned/model.safetensors"));
        Files.createFile(folder.resolve("tuned/adapter_model.safetensors"));
        assertThat(verify()).isEqualTo(12);
        assertThat(err()).contains("ModelUnsupported: ", "adapter", "merge");
        assertThat(verify("-f", "nowhere.yaml")).isEqualTo(10);
        assertThat(verify("--tuned", "nowhere")).isEqualTo(2);
        assertThat(out()).isEmpty();
    }
}
