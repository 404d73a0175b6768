package io.vlfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.cli.embedded.NodeResources;
import io.vlfinetune.cli.embedded.Standing;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands with the real operator; the stand-in trainer stands at the process boundary. */
class CommandTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int vlft(String... arguments) {
        Surroundings surroundings = new Surroundings(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                false,
                folder,
                folder,
                Standing.trainer(),
                new NodeResources(2, 4L << 30, 0),
                Clock.systemUTC());
        return Vlft.execute(surroundings, arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private Path resource(String name, String wish) throws Exception {
        return resource(name + ".yaml", name, wish, "training: {steps: 3}");
    }

    private Path resource(String file, String name, String wish, String training) throws Exception {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, """
                apiVersion: vlfinetune.io/v1alpha1
                kind: VLFineTune
                metadata: {name: %s}
                spec:
                  model: {source: "file://./%s"}
                  data: {train: [{source: "file://./train.jsonl"}]}
                  freeze: {visionTower: true}
                  %s
                  resources: {gpus: 0, cpu: "2"}
                  output: {destination: "pvc://models/%s"}
                """.formatted(name, wish, training, name));
    }

    @Test
    void givenARunThatSucceedsItsObjectAloneIsOnStandardOutput() throws Exception {
        resource("digits", "fine");

        int code = vlft("run", "-f", "digits.yaml", "--work", "work", "-o", "json");

        assertThat(code).as(err()).isZero();
        JsonNode run = new JsonMapper().readTree(out());
        assertThat(run.at("/kind").textValue()).isEqualTo("VLFineTune");
        assertThat(run.at("/status/phase").textValue()).isEqualTo("Succeeded");
        assertThat(run.at("/status/proof/verified").intValue()).isEqualTo(148);
        assertThat(run.at("/spec/training/batchSize").intValue()).isEqualTo(1);
        assertThat(err()).contains("NAME", "work folder: " + folder.toRealPath().resolve("work"));
        assertThat(folder.resolve("work/claims/models/written-by")).hasContent("digits");
        assertThat(folder.resolve("work/runs/digits/attempt-1.log")).exists();
        Path report = folder.toRealPath().resolve("work/runs/digits/report.html");
        assertThat(err()).contains("report: " + report);
        assertThat(report).content().contains("✓ Succeeded", "all 148 frozen tensors", "There is no plan: ");
    }

    @Test
    void givenARunThatWasFinishedBeforeItSaysSo() throws Exception {
        resource("digits", "finished");
        assertThat(vlft("run", "-f", "digits.yaml")).as(err()).isZero();
        assertThat(err()).contains("digits succeeded: ", "already complete in this work folder: nothing was trained");
    }

    @Test
    void givenNoWorkFolderANewOneIsMadeAndPrinted() throws Exception {
        resource("digits", "fine");
        assertThat(vlft("run", "-f", "digits.yaml")).as(err()).isZero();
        assertThat(err()).contains("work folder: " + folder.toRealPath().resolve("vlft-work"));
        assertThat(out()).contains("NAME", "PHASE", "digits", "Succeeded");
    }

    @Test
    void givenSeveralRunsTheHighestExitCodeWinsAndJsonIsAList() throws Exception {
        resource("good", "fine");
        resource("bad", "exit-11");
        resource("worse", "exit-12");

        int code = vlft("run", "-f", "good.yaml", "bad.yaml", "worse.yaml", "-o", "json");

        assertThat(code).as(err()).isEqualTo(12);
        JsonNode runs = new JsonMapper().readTree(out());
        assertThat(runs.isArray()).isTrue();
        assertThat(runs).hasSize(3);
        assertThat(runs.get(1).at("/status/failure/reason").textValue()).isEqualTo("DataInvalid");
        assertThat(err()).contains("bad failed: DataInvalid (exit code 11): ", "logs: ");
    }

    @Test
    void givenAWrongResourceTheTrainerIsNotCalledAndEveryProblemHasItsLine() throws Exception {
        resource("wrong.yaml", "wrong", "fine", "training: {steps: 3, batchSize: 0, sed: 1}");

        int code = vlft("run", "-f", "wrong.yaml", "-o", "json");

        assertThat(code).isEqualTo(10);
        assertThat(out()).isEmpty();
        assertThat(err())
                .contains(
                        "wrong.yaml:8: spec.training.batchSize: Invalid value: 0: should be greater than or equal to 1")
                .contains("wrong.yaml:8: spec.training.sed: unknown field, did you mean seed?");
        assertThat(folder.resolve("vlft-work")).doesNotExist();
    }

    @Test
    void givenOneNameInTwoFilesBothPlacesAreNamed() throws Exception {
        resource("a.yaml", "digits", "fine", "training: {steps: 3}");
        resource("b.yaml", "digits", "fine", "training: {steps: 3}");
        assertThat(vlft("run", "-f", "a.yaml", "-f", "b.yaml")).isEqualTo(10);
        assertThat(err()).contains("b.yaml:3: metadata.name: Duplicate value: \"digits\" is also the name of");
    }

    @Test
    void aWrongCommandLineIsExitCode2AndSaysWhatIsRight() {
        assertThat(vlft("run")).isEqualTo(2);
        assertThat(vlft("run", "-f", "x.yaml", "-o", "xml")).isEqualTo(2);
        assertThat(vlft("fly")).isEqualTo(2);
        assertThat(vlft()).isEqualTo(2);
        assertThat(out()).isEmpty();
        assertThat(err()).contains("--filename", "xml", "fly", "give a command: demo, run, plan, evaluate or verify");
    }

    @Test
    void helpTeachesWithExamples() {
        for (String command : List.of("demo", "run", "plan", "evaluate", "verify")) {
            assertThat(vlft(command, "--help")).isZero();
            assertThat(out()).contains("Examples:", "vlft " + command, "--output");
        }
        assertThat(vlft("--help")).isZero();
        assertThat(vlft("help", "run")).isZero();
        assertThat(vlft("--version")).isZero();
        assertThat(out()).contains("vlft 0.1.0");
    }

    @Test
    void theDemoComparesThreeRunsWithTheBaseModel() throws Exception {
        for (String name : List.of("full", "tower-frozen", "projector-only")) {
            resource("examples/digits/" + name + ".yaml", "digits-" + name, "fine", "training: {steps: 3}");
        }

        int code = vlft("demo", "--work", "work");

        assertThat(code).as(err()).isZero();
        assertThat(folder.resolve("work/report.html")).content().contains("3 of 3 runs succeeded");
        assertThat(folder.resolve("work/runs/digits-full/report.html")).exists();
        String comparison = out().substring(out().indexOf("RUN "));
        assertThat(comparison.lines()).hasSize(5);
        assertThat(comparison.lines().skip(1).findFirst().orElseThrow()).matches("base model .* 0\\.12 +0\\.11 +-");
        assertThat(comparison.lines().skip(2))
                .allSatisfy(line -> assertThat(line)
                        .matches("digits-.* 2\\.60 % .* 256 MiB +0\\.83 +0\\.41 +148/148 bit-identical"));
    }

    @Test
    void aDemoWithAFailedRunFailsWithItsCode() throws Exception {
        resource("examples/digits/full.yaml", "full", "fine", "training: {steps: 3}");
        resource("examples/digits/tower-frozen.yaml", "tower-frozen", "exit-14", "training: {steps: 3}");
        resource("examples/digits/projector-only.yaml", "projector-only", "fine", "training: {steps: 3}");
        assertThat(vlft("demo", "-o", "json")).as(err()).isEqualTo(14);
        assertThat(new JsonMapper().readTree(out())).hasSize(3);
        assertThat(err()).contains("failed: Diverged");
    }

    @Test
    void aPlanOfAModelThatIsNotThereNamesTheFolder() throws Exception {
        resource("digits", "nowhere");
        int code = vlft("plan", "-f", "digits.yaml", "-o", "json");
        assertThat(code).isIn(12, 30, 10);
        assertThat(out()).isEmpty();
        assertThat(err()).contains("nowhere");
    }
}
