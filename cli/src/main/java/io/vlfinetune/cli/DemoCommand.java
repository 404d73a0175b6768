package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.WorkFolder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code vlft demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        header = "Fine-tunes a small model on real handwritten digits in three ways and compares them.",
        description = {
            "",
            "Everything trained, vision tower frozen, projector only: three resources of examples/digits, on this machine,",
            "without a cluster. Exit code 0 only if all three succeeded and every frozen tensor is proved unchanged."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  vlft demo",
            "  vlft demo -o json > demo.json          the three objects with plan, metrics and proof",
            "  vlft demo --work out                   keep models and metrics in ./out; the same again resumes",
            "  vlft demo --real-api                   on a real API server; prints a KUBECONFIG for kubectl"
        })
final class DemoCommand implements Callable<Integer> {
    private static final List<String> FILES = List.of("full.yaml", "tower-frozen.yaml", "projector-only.yaml");
    private static final int NOT_PROVED = 1;

    private final Surroundings surroundings;

    @Mixin
    private OutputOption output = new OutputOption();

    @Mixin
    private WorkOption work = new WorkOption();

    @Mixin
    private ServerOption server = new ServerOption();

    DemoCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        Path examples = surroundings.home().resolve("examples").resolve("digits");
        if (!Files.isDirectory(examples)) {
            throw new IOException("the demo's resources are not in " + examples + ": call vlft from a clone");
        }
        List<ObjectNode> resources =
                Resources.load(FILES.stream().map(examples::resolve).toList());
        AtomicBoolean proved = new AtomicBoolean();
        int code;
        try (WorkFolder folder = work.open(surroundings)) {
            code = new EmbeddedRuns(surroundings, server, output.json()).execute(folder, resources, (client, runs) -> {
                proved.set(report(client, runs));
                new Reports(surroundings, folder, client).compare("Handwritten digits, three ways to freeze", runs);
            });
        }
        return code == 0 && !proved.get() ? NOT_PROVED : code;
    }

    /** Prints the comparison; whether every run has a proof that holds. */
    private boolean report(KubernetesClient client, List<VLFineTune> runs) {
        PrintStream people = output.json() ? surroundings.err() : surroundings.out();
        people.println();
        Comparison.lines(client, runs).forEach(people::println);
        if (output.json()) {
            OutputOption.print(surroundings.out(), runs);
        }
        return runs.stream().allMatch(run -> {
            ProofStatus proof = RunEnd.status(run).proof();
            return RunEnd.succeeded(run) && proof != null && proof.holds();
        });
    }
}
