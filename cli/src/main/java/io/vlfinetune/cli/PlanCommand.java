package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.cli.resource.ResourceException;
import io.vlfinetune.contract.Json;
import io.vlfinetune.trainer.Planning;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.source.Sources;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vlft plan}. */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        header = "Shows what a resource would train, from the headers of the model's files alone.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  vlft plan -f run.yaml                         parts, frozen layers, trainable parameters",
            "  vlft plan -f run.yaml -o json | jq -r '.tensors[] | select(.trainable) | .name'"
        })
final class PlanCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(
            names = {"-f", "--filename"},
            required = true,
            paramLabel = "FILE",
            description = "YAML with one VLFineTune resource.")
    private Path file = Path.of("");

    @Option(names = "--work", paramLabel = "DIR", description = "Where claims/CLAIM is what pvc://CLAIM means.")
    private @Nullable Path work;

    @Mixin
    private OutputOption output = new OutputOption();

    PlanCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        List<ObjectNode> resources =
                Resources.load(List.of(surroundings.folder().resolve(file)));
        if (resources.size() > 1) {
            throw new ResourceException(file + ": " + resources.size() + " resources; plan takes one at a time");
        }
        VLFineTuneSpec spec = Json.strict().treeToValue(resources.getFirst().get("spec"), VLFineTuneSpec.class);
        PlanDocument plan = Planning.plan(sources(spec), spec.model(), spec.freeze(), spec.training());
        if (output.json()) {
            OutputOption.print(surroundings.out(), plan);
        } else {
            print(plan, surroundings.out());
        }
        return 0;
    }

    private Sources sources(VLFineTuneSpec spec) {
        String source = spec.model().source();
        Path root = surroundings.folder().resolve(Objects.requireNonNullElse(work, Path.of("")));
        if (work == null || !source.startsWith("pvc://")) {
            return new Sources(root, Map.of());
        }
        String claim = source.substring("pvc://".length()).replaceFirst("/.*", "");
        return new Sources(root, Map.of(claim, "claims/" + claim));
    }

    private static void print(PlanDocument plan, PrintStream out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("PART", "PARAMETERS", "TRAINABLE", "FROZEN LAYERS", "LEARNING RATE"));
        for (PartStatus part : plan.parts()) {
            rows.add(List.of(
                    part.part().name(),
                    String.format(Locale.ROOT, "%,d", part.total()),
                    String.format(Locale.ROOT, "%,d", part.trainable()),
                    Objects.requireNonNullElse(part.frozenLayers(), ""),
                    Objects.requireNonNullElse(part.learningRate(), "")));
        }
        TextTable.lines(rows).forEach(out::println);
        out.printf(
                Locale.ROOT,
                "%ntrains %,d of %,d parameters (%s %%)%n%s%n",
                plan.trainableParameters(),
                plan.totalParameters(),
                plan.trainablePercent(),
                plan.digest());
    }
}
