package io.vlfinetune.trainer.output;

import static io.vlfinetune.trainer.testing.Declarations.training;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.ModelStatus;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.PlannedModel;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.LinearKernel;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.freeze.Proof;
import io.vlfinetune.trainer.source.SourceFolder;
import io.vlfinetune.trainer.testing.LlavaFixture;
import io.vlfinetune.trainer.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
    private static final String RUN = "sha256:aa";
    private static final FreezeSpec PROJECTOR_ONLY = new FreezeSpec(true, false, true, List.of());

    @TempDir
    private Path folder;

    private Path model;
    private Path metrics;
    private OutputFolder output;

    @BeforeEach
    void copyModel() throws IOException {
        model = LlavaFixture.copyTo(Files.createDirectories(folder.resolve("model")));
        metrics = Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\":1}\n");
        output = of("0-1", 2);
    }

    @Test
    void givenWeightsWhenCommittedThenTheFolderIsThereWholeAndKnownAgain() throws IOException {
        Files.writeString(model.resolve("pytorch_model.bin"), "other weights");
        withWeights((planned, weights) -> {
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            assertThat(output.destination()).doesNotExist();
            Proof proof = output.prove(planned.checkpoint(), planned.plan(), Set.of());
            assertThat(proof.leaked()).isEmpty();
            // No step was taken: trainable tensors go through Float32 and come back as they were.
            assertThat(proof.changed()).isEmpty();
            output.commit(document(planned, proof), metrics);
        });

        assertThat(names(output.destination()))
                .containsExactly("config.json", "metrics.jsonl", "model.safetensors", "vlfinetune.json");
        assertThat(names(folder.resolve("out"))).containsExactly("trained");
        OutputDocument known = output.committed(RUN).orElseThrow();
        assertThat(known.proof().frozenTensors()).isEqualTo(110);
        assertThat(known.metrics()).isEmpty();
    }

    @Test
    void givenAnEmptyFolderThenItIsTakenAsTheDestination() throws IOException {
        Files.createDirectories(output.destination());
        assertThat(output.committed(RUN)).isEmpty();
        withWeights((planned, weights) -> {
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            output.commit(document(planned, output.prove(planned.checkpoint(), planned.plan(), Set.of())), metrics);
        });
        assertThat(names(output.destination())).contains("model.safetensors");
    }

    @Test
    void givenOtherContentThenNothingIsOverwritten() throws IOException {
        Files.createDirectories(output.destination());
        Files.writeString(output.destination().resolve("thesis.txt"), "years of work");
        occupied("it holds something else");
        Files.writeString(output.destination().resolve("vlfinetune.json"), "{\"form");
        occupied("it cannot be read (");
        assertThat(output.destination().resolve("thesis.txt")).hasContent("years of work");
    }

    @Test
    void givenAFileAtTheDestinationThenItIsRefused() throws IOException {
        Files.createDirectories(output.destination().getParent());
        Files.writeString(output.destination(), "a file");
        occupied("it cannot be read (");
    }

    @Test
    void givenTheResultOfAnotherRunThenItIsRefused() {
        withWeights((planned, weights) -> {
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            output.commit(document(planned, output.prove(planned.checkpoint(), planned.plan(), Set.of())), metrics);
        });
        assertThatThrownBy(() -> output.committed("sha256:bb"))
                .hasMessage(
                        "spec.output.destination: " + output.destination()
                                + ": it holds the result of another run; nothing there is overwritten: choose another folder or remove it");
    }

    @Test
    void givenAPlaceThatCannotBeWrittenThenTheReasonSaysSo() throws IOException {
        Path blocked = Files.writeString(folder.resolve("file"), "").resolve("trained");
        withWeights((planned, weights) -> {
            OutputFolder there = new OutputFolder(blocked, "0-1", 2);
            failed(() -> there.write(planned.checkpoint(), planned.plan(), weights, source()));
        });
    }

    @Test
    void givenACommitThatFailsThenNothingHalfWrittenIsLeft() throws IOException {
        withWeights((planned, weights) -> {
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            Proof proof = output.prove(planned.checkpoint(), planned.plan(), Set.of());
            failed(() -> output.commit(document(planned, proof), folder.resolve("no-metrics.jsonl")));
        });
        assertThat(names(folder.resolve("out"))).isEmpty();
    }

    @Test
    void givenSomethingAppearsAtTheDestinationMeanwhileThenItStaysAndNothingHalfWrittenIsLeft() throws IOException {
        withWeights((planned, weights) -> {
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            Proof proof = output.prove(planned.checkpoint(), planned.plan(), Set.of());
            appear(output.destination());
            assertThatThrownBy(() -> output.commit(document(planned, proof), metrics))
                    .isInstanceOfSatisfying(
                            TrainerException.class,
                            problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                    .hasMessage(
                            "spec.output.destination: " + output.destination()
                                    + ": it holds something else; nothing there is overwritten: choose another folder or remove it");
        });
        assertThat(names(folder.resolve("out"))).containsExactly("trained");
        assertThat(names(output.destination())).containsExactly("thesis.txt");
    }

    @Test
    void givenAFileAppearsAtTheDestinationMeanwhileThenItStays() throws IOException {
        withWeights((planned, weights) -> {
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            Proof proof = output.prove(planned.checkpoint(), planned.plan(), Set.of());
            writeFile(output.destination());
            assertThatThrownBy(() -> output.commit(document(planned, proof), metrics))
                    .isInstanceOf(TrainerException.class);
        });
        assertThat(output.destination()).hasContent("years of work");
    }

    @Test
    void givenAnotherRunWithTheSameDestinationThenNeitherTouchesWhatTheOtherWritesAndTheFirstStays()
            throws IOException {
        OutputFolder other = of("0-1-7", 1);
        Path users = Files.createDirectories(folder.resolve("out").resolve("trained.unfinished"));
        withWeights((planned, weights) -> {
            other.write(planned.checkpoint(), planned.plan(), weights, source());
            output.write(planned.checkpoint(), planned.plan(), weights, source());
            assertThat(output.ofOthers()).containsExactly(other.unfinished());
            Proof proof = other.prove(planned.checkpoint(), planned.plan(), Set.of());
            OutputDocument first = other.commit(document(planned, proof), metrics);
            // The same declaration: its result is there.
            assertThat(output.commit(document(planned, proof), metrics)).isEqualTo(first);
        });
        assertThat(users).isEmptyDirectory();
        assertThat(names(folder.resolve("out"))).containsExactly("trained", "trained.unfinished");
        assertThat(names(output.destination())).contains("model.safetensors");
    }

    @Test
    void givenUnfinishedFoldersOfDeadAttemptsThenTheyAreRemovedAndOnesOwnCanBeDiscarded() throws IOException {
        Files.createDirectories(output.unfinished().resolve("deep"));
        Files.createDirectories(of("0-1", 1).unfinished());
        withWeights((planned, weights) -> output.write(planned.checkpoint(), planned.plan(), weights, source()));
        assertThat(names(folder.resolve("out")))
                .containsExactly(output.unfinished().getFileName().toString());
        assertThat(names(output.unfinished())).containsExactly("config.json", "model.safetensors");
        output.discard();
        assertThat(names(folder.resolve("out"))).isEmpty();
    }

    @Test
    void givenACompanionThatHasBecomeALinkToElsewhereThenItIsNotCopiedAndNothingIsLeft() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "token");
        Files.createSymbolicLink(model.resolve("notes.txt"), secret);
        withWeights((planned, weights) -> assertThatThrownBy(
                        () -> output.write(planned.checkpoint(), planned.plan(), weights, source()))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining("notes.txt is a link to "));
        assertThat(names(folder.resolve("out"))).isEmpty();
    }

    private OutputFolder of(String uid, int attempt) {
        return new OutputFolder(folder.resolve("out").resolve("trained"), uid, attempt);
    }

    private SourceFolder source() {
        return new SourceFolder(model, model, "spec.model.source");
    }

    private static void writeFile(Path path) {
        try {
            Files.writeString(path, "years of work");
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }

    private static void appear(Path destination) {
        try {
            writeFile(Files.createDirectories(destination).resolve("thesis.txt"));
        } catch (IOException problem) {
            throw new AssertionError(problem);
        }
    }

    private interface Work {
        void with(PlannedModel planned, Weights weights);
    }

    private void withWeights(Work work) {
        try (PlannedModel planned = PlannedModel.open(model, PROJECTOR_ONLY);
                Ops ops = Ops.start(1, Optional.of(LinearKernel.MKL));
                Weights weights = new Weights(
                        ops,
                        planned.checkpoint(),
                        planned.blueprint().chain().tensors(),
                        planned.plan().trainable(),
                        DType.F32)) {
            work.with(planned, weights);
        }
    }

    private static OutputDocument document(PlannedModel planned, Proof proof) {
        return new OutputDocument(
                OutputDocument.FORMAT_VERSION,
                RUN,
                Map.of("name", "digits"),
                new ModelStatus("llava", "sha256:cc"),
                0,
                0,
                6,
                List.of(),
                proof,
                "sha256:dd",
                1,
                1,
                Map.of("java", "25"),
                planned.document(training("{learningRate: '1e-5'}")));
    }

    private void occupied(String what) {
        assertThatThrownBy(() -> output.committed(RUN))
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageStartingWith("spec.output.destination: " + output.destination() + ": " + what)
                .hasMessageEndingWith("; nothing there is overwritten: choose another folder or remove it");
    }

    private static void failed(Runnable work) {
        assertThatThrownBy(work::run)
                .isInstanceOfSatisfying(
                        TrainerException.class,
                        problem -> assertThat(problem.reason()).isEqualTo(Reason.OutputFailed))
                .hasMessageStartingWith("spec.output.destination: ")
                .hasMessageContaining(" cannot be written: ");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
