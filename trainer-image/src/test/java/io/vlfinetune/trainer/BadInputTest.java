package io.vlfinetune.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.contract.LastWord;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.training.StopSignal;
import io.vlfinetune.trainer.weights.Safetensors;
import io.vlfinetune.trainer.weights.SafetensorsWriter;
import io.vlfinetune.trainer.weights.TensorContent;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each kind of bad input ends with one clear message, its reason and exit code, and leaves nothing at the destination. */
class BadInputTest {
    @TempDir
    private Path folder;

    private TestRun run;

    @BeforeEach
    void prepare() {
        run = new TestRun(folder);
    }

    @Test
    void givenAnUnknownFieldInRunJsonThenItIsNamed() {
        run.part("training").put("batchsize", 2);
        refused(
                Reason.InvalidSpec,
                10,
                run.config()
                        + ": line 1: training.batchsize: unknown field; known here are batchSize, checkpointEvery,");
    }

    @Test
    void givenRunJsonThatIsNoJsonThenItsLineIsNamed() throws IOException {
        Files.writeString(run.config(), "{\n\"formatVersion\": 1,\n");
        ended(run.startAsWritten(new StopSignal()), Reason.InvalidSpec, 10, run.config() + ": line 3: ");
    }

    @Test
    void givenAnotherFormatVersionThenBothAreNamed() {
        run.json().put("formatVersion", 7);
        refused(Reason.InvalidSpec, 10, run.config() + ": formatVersion 7, but this trainer reads 1");
    }

    @ParameterizedTest
    @CsvSource({"model", "data", "freeze", "training", "output", "name"})
    void givenRunJsonWithoutASectionThenTheSectionIsNamed(String section) {
        run.json().remove(section);
        refused(Reason.InvalidSpec, 10, run.config() + ": " + section + " is missing");
    }

    @Test
    void givenNoRunJsonThenTheFileIsNamed() {
        TestRun.Ended ended = run.startAsWritten(new StopSignal());
        assertThat(ended.exitCode()).isEqualTo(70);
        assertThat(ended.lastWord().message()).startsWith(run.config() + " cannot be read: ");
    }

    @Test
    void givenNeitherStepsNorEpochsThenTheFieldsAreNamed() {
        run.part("training").remove("steps");
        refused(Reason.InvalidSpec, 10, "spec.training: give exactly one of epochs and steps");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "learningRate; learningRate: 'fast'; is no decimal number such as",
                "weightDecay; weightDecay: '-1'; is no decimal number such as",
                "maxGradientNorm; maxGradientNorm: 'NaN'; is no decimal number such as",
                "schedule.warmupRatio; schedule: {warmupRatio: '1.5'}; is no share from 0 to 1 such as",
                "partLearningRates.visionTower; partLearningRates: {visionTower: '1,5'}; is no decimal number",
                "partLearningRates.projector; partLearningRates: {projector: ''}; is no decimal number",
                "partLearningRates.languageModel; partLearningRates: {languageModel: 'x'}; is no decimal number",
                "layerDecay.visionTower; layerDecay: {visionTower: '1.1'}; is no factor above 0 and up to 1 such as",
                "layerDecay.languageModel; layerDecay: {languageModel: '0'}; is no factor above 0 and up to 1",
                "onPlateau.factor; onPlateau: {metric: 'held/loss', patience: 1, factor: 'x'}; is no factor above 0",
                "onPlateau.minDelta; onPlateau: {metric: 'held/loss', patience: 1, minDelta: 'x'}; is no decimal number",
            })
    void givenTrainingWithATextThatIsNoNumberThenTheFieldIsNamed(String field, String given, String complaint) {
        run.training("{evaluateEvery: 2, " + given + "}");
        refused(Reason.InvalidSpec, 10, "spec.training." + field + ": \"", complaint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "rules[1].learningRate; rules: [{role: 'OutputHead', frozen: false}, {role: 'Projector', frozen: false, learningRate: 'x'}]",
                "phases[1].rules[0].learningRate; phases: [{name: 'a', until: {steps: 1}}, {name: 'b', rules: [{role: 'Projector', frozen: false, learningRate: 'x'}]}]",
                "phases[0].until.plateau.minDelta; phases: [{name: 'a', until: {plateau: {metric: 'held/loss', patience: 1, minDelta: 'x'}}}, {name: 'b'}]",
                "progressive.every.plateau.minDelta; languageModel: true, progressive: {part: 'LanguageModel', layersPerPhase: 1, every: {plateau: {metric: 'held/loss', patience: 1, minDelta: 'x'}}}",
            })
    void givenFreezeWithATextThatIsNoNumberThenTheFieldIsNamed(String field, String given) {
        run.training("{evaluateEvery: 2}").freeze("{" + given + "}");
        refused(Reason.InvalidSpec, 10, "spec.freeze." + field + ": \"x\" is no decimal number such as \"1e-5\"");
    }

    @Test
    void givenTwoEvaluationSetsOfOneNameThenBothAreNamed() {
        run.part("data")
                .withArray("evaluation")
                .addObject()
                .put("name", "held")
                .put("source", TestRun.uri(run.data().resolve("train.jsonl")));
        refused(
                Reason.InvalidSpec,
                10,
                run.config()
                        + ": data.evaluation[1].name: held is the name of data.evaluation[0] already; give each a name of its own");
    }

    @Test
    void givenAPhaseWithoutANameThenItIsNamedByItsPlace() {
        run.freeze("{phases: [{name: 'a', until: {steps: 1}}, {}]}");
        refused(Reason.InvalidSpec, 10, run.config() + ": freeze.phases[1].name is missing");
    }

    @Test
    void givenTwoPhasesOfOneNameThenBothAreNamed() {
        run.freeze("{phases: [{name: 'a', until: {steps: 1}}, {name: 'b', until: {steps: 1}}, {name: 'a'}]}");
        refused(
                Reason.InvalidSpec,
                10,
                run.config() + ": freeze.phases[2].name: a is the name of freeze.phases[0] already; give each");
    }

    @Test
    void givenARuleThatMatchesNothingThenTheNearestIsNamed() {
        rule().put("part", "VisionTower")
                .put("frozen", true)
                .putObject("layers")
                .put("last", 9);
        refused(
                Reason.InvalidSpec,
                10,
                "spec.freeze.rules[0].layers: last: 9 reaches beyond the 4 layers of VisionTower; the nearest are 0 to 3");
    }

    @Test
    void givenAPlanThatTrainsNothingThenItIsRefused() {
        run.part("freeze").put("visionTower", true).put("projector", true).put("languageModel", true);
        refused(Reason.InvalidSpec, 10, "spec.freeze: the plan trains nothing, all 114 tensors are frozen");
    }

    @Test
    void givenOnlyTheTowerAboveTheFeaturesUnfrozenThenItIsRefused() {
        run.part("freeze").put("visionTower", true).put("projector", true).put("languageModel", true);
        rule().put("part", "VisionTower")
                .put("frozen", false)
                .putObject("layers")
                .put("last", 1);
        refused(Reason.InvalidSpec, 10, "spec.freeze: the plan trains nothing, since the model reads none of");
    }

    private ObjectNode rule() {
        return run.part("freeze").withArray("rules").addObject();
    }

    @Test
    void givenAnotherCountOfImageMarksThenFileAndLineAreNamed() {
        addLine(TestRun.sample("sample.png", "<image><image>?", "ja"));
        refused(Reason.DataInvalid, 11, train() + ":7: 2 <image> marks but 1 image");
    }

    @Test
    void givenAMissingImageThenFileAndLineAreNamed() {
        addLine(TestRun.sample("no.png", "<image>?", "ja"));
        refused(Reason.DataInvalid, 11, train() + ":7: image no.png is missing beneath data.mediaRoot");
    }

    @Test
    void givenABrokenImageThenFileAndLineAreNamed() throws IOException {
        Path image = run.data().resolve("sample2.png");
        byte[] whole = Files.readAllBytes(image);
        Files.write(image, Arrays.copyOf(whole, whole.length / 2));
        TestRun.Ended ended = run.start();
        assertThat(ended.lastWord().message())
                .containsPattern("(train|held)\\.jsonl:\\d+: image sample2\\.png is broken: ");
        ended(ended, Reason.DataInvalid, 11, "");
    }

    @Test
    void givenAnImageThatIsTooLongForTheShortestEdgeThenFileAndLineAreNamed() throws IOException {
        ImageIO.write(
                new BufferedImage(1, 60_000, BufferedImage.TYPE_INT_RGB),
                "png",
                run.data().resolve("long.png").toFile());
        addLine(TestRun.sample("long.png", "<image>?", "ja"));
        refused(
                Reason.DataInvalid,
                11,
                train() + ":7: an image of 60000 x 1 pixels (height x width) would become one of 3360000 x 56");
    }

    @Test
    void givenAnImagePathThatLeavesMediaRootThenItIsRefusedEvenIfTheFileExists() {
        addLine(TestRun.sample("../model/config.json", "<image>?", "ja"));
        refused(Reason.DataInvalid, 11, train() + ":7: image ../model/config.json leaves data.mediaRoot");
    }

    @Test
    void givenAnInvalidLineThenFileAndLineAreNamed() {
        addLine("{\"messages\": [");
        refused(Reason.DataInvalid, 11, train() + ":7: invalid JSON");
    }

    @Test
    void givenABadLineInAnEvaluationSetThenItIsFoundBeforeAnyStep() throws IOException {
        Files.writeString(run.data().resolve("held.jsonl"), "{}\n");
        refused(Reason.DataInvalid, 11, run.data().resolve("held.jsonl") + ":1: ");
        assertThat(run.liveMetrics()).doesNotExist();
    }

    @Test
    void givenASampleLongerThanMaxLengthThenItIsNamedAndNotCut() {
        run.part("data").put("maxLength", 12);
        TestRun.Ended ended = run.start();
        assertThat(ended.lastWord().message())
                .containsPattern("(train|held)\\.jsonl:\\d+: ")
                .contains("12");
        ended(ended, Reason.DataInvalid, 11, "");
    }

    @ParameterizedTest
    @CsvSource({"train.jsonl", "held.jsonl"})
    void givenADataFileThatIsMissingThenItIsNamed(String name) throws IOException {
        Files.delete(run.data().resolve(name));
        refused(Reason.SourceUnavailable, 30, run.data().resolve(name) + ": there is no such data file");
    }

    @Test
    void givenADataFolderThatIsMissingThenItIsNamed() {
        ((ObjectNode) run.part("data").withArray("train").get(0))
                .put("source", TestRun.uri(folder.resolve("no/train.jsonl")));
        refused(Reason.SourceUnavailable, 30, folder.resolve("no/train.jsonl") + ": there is no such data file");
    }

    @Test
    void givenTruncatedWeightsThenTheFileIsNamed() throws IOException {
        byte[] whole = Files.readAllBytes(weights());
        Files.write(weights(), Arrays.copyOf(whole, whole.length - 1000));
        refused(Reason.ModelUnsupported, 12, weights() + ": ", "fetch it again");
        Files.write(weights(), Arrays.copyOf(whole, 100));
        refused(Reason.ModelUnsupported, 12, weights() + ": ", "fetch it again");
        Files.write(weights(), new byte[0]);
        refused(Reason.ModelUnsupported, 12, weights() + ": ", "fetch it again");
    }

    @Test
    void givenACorruptHeaderThenTheFileIsNamed() throws IOException {
        byte[] bytes = Files.readAllBytes(weights());
        bytes[8] = '<';
        Files.write(weights(), bytes);
        refused(Reason.ModelUnsupported, 12, weights() + ": the header is not JSON");
    }

    @Test
    void givenATensorIsMissingThenItIsNamed() {
        rewrite(tensors -> tensors.remove("multi_modal_projector.linear_1.bias"));
        refused(Reason.ModelUnsupported, 12, "", "tensor multi_modal_projector.linear_1.bias: missing");
    }

    @Test
    void givenATensorWithoutARoleThenItIsNamed() {
        rewrite(tensors ->
                tensors.put("multi_modal_projector.linear_3.bias", tensors.get("multi_modal_projector.linear_1.bias")));
        refused(
                Reason.ModelUnsupported,
                12,
                "",
                "tensor multi_modal_projector.linear_3.bias: no part of this kind of model has it (the nearest is multi_modal_projector.linear_1.bias)");
    }

    @Test
    void givenAnUnsupportedModelTypeThenTheSupportedOnesAreNamed() throws IOException {
        Path config = run.model().resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replace("\"model_type\": \"llava\"", "\"model_type\": \"fuyu\""));
        refused(Reason.ModelUnsupported, 12, "", "model_type", "fuyu", "llava");
    }

    @Test
    void givenADestinationWithOtherContentThenItStays() throws IOException {
        Files.createDirectories(run.output());
        Files.writeString(run.output().resolve("thesis.txt"), "years of work");
        TestRun.Ended ended = run.start();
        assertThat(ended.exitCode()).isEqualTo(10);
        assertThat(ended.lastWord().reason()).isEqualTo(Reason.InvalidSpec);
        assertThat(ended.lastWord().message())
                .startsWith("spec.output.destination: " + run.output() + ": it holds something else");
        assertThat(run.leftovers()).containsExactly(run.output());
        assertThat(run.output().resolve("thesis.txt")).hasContent("years of work");
        assertThat(run.liveMetrics()).as("found before training").doesNotExist();
    }

    @Test
    void givenAVolumesRootAsDestinationThenItIsRefused() {
        run.json().putObject("mounts").put("models", "claims/models");
        run.part("output").put("destination", "pvc://models/");
        refused(Reason.InvalidSpec, 10, "spec.output.destination: pvc://models/ is the root of a volume");
    }

    @Test
    void givenAClaimThatIsNotMountedThenTheFieldIsNamed() {
        run.part("model").put("source", "pvc://models/base");
        refused(Reason.InvalidSpec, 10, "spec.model.source: pvc://models/base: claim models is not mounted");
    }

    @Test
    void givenALearningRateThatDivergesThenTheStepIsNamed() {
        run.part("training").put("learningRate", "1e30");
        refused(Reason.Diverged, 14, "step 2: the loss is ", "Lower spec.training.learningRate");
    }

    @Test
    void givenTheLastStepDivergesThenTheBrokenModelIsNotWritten() {
        run.part("training").put("learningRate", "1e30").put("steps", 1);
        refused(Reason.Diverged, 14, "step 1: ", "Lower spec.training.learningRate");
    }

    @Test
    void givenTrainedWeightsBeyondTheStoredTypeThenTheBrokenModelIsNotWritten() {
        run.projectorOnly().part("data").remove("evaluation");
        // 1e5 is a number in Float32, but not in the F16 that the base model is stored in.
        run.part("training").put("learningRate", "1e5").put("steps", 1);
        refused(
                Reason.Diverged,
                14,
                "step 1: tensor multi_modal_projector.",
                "F16",
                "Lower spec.training.learningRate");
    }

    @ParameterizedTest(name = "evaluated: {0}")
    @CsvSource({"true", "false"})
    void givenABaseModelWithNaNThenTheBrokenModelIsNotWritten(boolean evaluated) {
        String name = "multi_modal_projector.linear_2.bias";
        rewrite(tensors -> {
            var stored = (TensorContent.Stored) Objects.requireNonNull(tensors.get(name));
            byte[] bytes = stored.bytes().toArray(ValueLayout.JAVA_BYTE);
            Arrays.fill(bytes, (byte) 0x7f); // 0x7f7f is a NaN in F16
            tensors.put(name, new TensorContent.Stored(stored.dtype(), stored.shape(), MemorySegment.ofArray(bytes)));
        });
        if (evaluated) {
            refused(
                    Reason.Diverged,
                    14,
                    "step 0: the loss of evaluation set held is NaN before any training; the base model is broken");
        } else {
            run.part("data").remove("evaluation");
            refused(Reason.Diverged, 14, "step 1: the loss is NaN; nothing of this step was applied.");
        }
        assertThat(run.root().resolve("scratch/checkpoints")).doesNotExist();
    }

    @Test
    void givenAnUnknownMetricThenTheKnownOnesAreNamed() {
        run.part("training")
                .put("evaluateEvery", 1)
                .putObject("earlyStopping")
                .put("metric", "held/bleu")
                .put("patience", 1);
        refused(
                Reason.InvalidSpec,
                10,
                "spec.training.earlyStopping.metric: held/bleu is not evaluated; there are held/loss, held/accuracy");
        run.part("training").remove("earlyStopping");
        run.part("output").put("select", "Best").put("metric", "other/loss");
        refused(
                Reason.InvalidSpec,
                10,
                "spec.output.metric: other/loss is not evaluated; there are held/loss, held/accuracy");
        run.part("data").remove("evaluation");
        refused(
                Reason.InvalidSpec,
                10,
                "spec.output.metric: other/loss is not evaluated; add a set to spec.data.evaluation");
    }

    @Test
    void givenFieldsThatOnlyMeanSomethingTogetherThenTheMissingOneIsNamed() {
        run.part("training")
                .putObject("earlyStopping")
                .put("metric", "held/loss")
                .put("patience", 1);
        refused(Reason.InvalidSpec, 10, "spec.training.earlyStopping: ", "give spec.training.evaluateEvery as well");
        run.part("training").remove("earlyStopping");
        run.part("output").put("select", "Best");
        refused(Reason.InvalidSpec, 10, "spec.output: select: Best and metric go together");
        run.part("output").put("select", "Last").put("metric", "held/loss");
        refused(Reason.InvalidSpec, 10, "spec.output: select: Best and metric go together");
    }

    @Test
    void givenAProgressUrlThatIsNoneThenTheRunGoesOnWithout() {
        run.json().put("progressUrl", "not a url");
        run.part("training").put("steps", 1);
        assertThat(run.start().exitCode()).isZero();
        TestRun other = new TestRun(folder.resolve("other")).training(Map.of("steps", 1));
        other.json().put("progressUrl", "ftp://127.0.0.1/x");
        assertThat(other.start().exitCode()).isZero();
    }

    private void refused(Reason reason, int exitCode, String start, String... parts) {
        TestRun.Ended ended = run.start();
        ended(ended, reason, exitCode, start, parts);
    }

    private void ended(TestRun.Ended ended, Reason reason, int exitCode, String start, String... parts) {
        LastWord word = ended.lastWord();
        assertThat(word.message()).startsWith(start);
        for (String part : parts) {
            assertThat(word.message()).contains(part);
        }
        assertThat(word.outcome()).isEqualTo(LastWord.Outcome.Failed);
        assertThat(word.reason()).as(word.message()).isEqualTo(reason);
        assertThat(ended.exitCode()).isEqualTo(exitCode);
        assertThat(word.logTail()).contains(reason + ": ");
        assertThat(run.leftovers()).isEmpty();
    }

    private Path train() {
        return run.data().resolve("train.jsonl");
    }

    private Path weights() {
        return run.model().resolve("model.safetensors");
    }

    private void addLine(String line) {
        try {
            Files.writeString(train(), line + "\n", StandardOpenOption.APPEND);
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }

    private void rewrite(Consumer<Map<String, TensorContent>> change) {
        Path changed = run.model().resolve("changed");
        try (Safetensors file = Safetensors.open(weights())) {
            Map<String, TensorContent> tensors = new LinkedHashMap<>();
            file.tensors().keySet().forEach(name -> tensors.put(name, TensorContent.Stored.of(file, name)));
            change.accept(tensors);
            SafetensorsWriter.write(changed, tensors, Map.of("format", "pt"));
        }
        try {
            Files.move(changed, weights(), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }
}
