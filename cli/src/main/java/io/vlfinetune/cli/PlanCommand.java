package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Quantity;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.cli.resource.ResourceException;
import io.vlfinetune.contract.Json;
import io.vlfinetune.trainer.Planning;
import io.vlfinetune.trainer.freeze.PlanDocument;
import io.vlfinetune.trainer.source.Sources;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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
            "  vlft plan -f run.yaml                         parts, frozen layers, rates, memory; phase by phase",
            "  vlft plan -f run.yaml --tensors               every tensor, and which field decided about it",
            "  vlft plan -f run.yaml -o json | jq -r '.tensors[] | select(.trainable) | .name'"
        })
final class PlanCommand implements Callable<Integer> {
    private static final String CLAIM = "pvc://";

    private final Surroundings surroundings;

    @Option(
            names = {"-f", "--filename"},
            required = true,
            paramLabel = "FILE",
            description = "YAML with one VLFineTune resource.")
    private Path file = Path.of("");

    @Option(names = "--work", paramLabel = "DIR", description = "Where claims/CLAIM is what pvc://CLAIM means.")
    private @Nullable Path work;

    @Option(names = "--tensors", description = "One line for every tensor, and which field decided about it.")
    private boolean tensors;

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
        PlanDocument plan =
                Planning.plan(sources(spec), spec.model(), spec.data(), spec.freeze(), spec.training(), limit(spec));
        if (output.json()) {
            OutputOption.print(surroundings.out(), plan);
        } else if (tensors) {
            TextTable.lines(PlanText.tensors(plan)).forEach(surroundings.out()::println);
        } else {
            PlanText.lines(plan, limit(spec)).forEach(surroundings.out()::println);
        }
        return 0;
    }

    private static OptionalLong limit(VLFineTuneSpec spec) {
        String memory = spec.resources().memory();
        return memory == null
                ? OptionalLong.empty()
                : OptionalLong.of(
                        Quantity.getAmountInBytes(Quantity.parse(memory)).longValue());
    }

    /** Every claim that the resource names is a folder of the work folder. */
    private Sources sources(VLFineTuneSpec spec) {
        Path root = surroundings.folder().resolve(Objects.requireNonNullElse(work, Path.of("")));
        if (work == null) {
            return new Sources(root, Map.of());
        }
        Map<String, String> mounts = new TreeMap<>();
        Stream.concat(
                        Stream.of(
                                spec.model().source(),
                                Objects.requireNonNullElse(spec.data().mediaRoot(), "")),
                        spec.data().train().stream().map(TrainingSource::source))
                .filter(uri -> uri.startsWith(CLAIM))
                .map(uri -> uri.substring(CLAIM.length()).replaceFirst("/.*", ""))
                .forEach(claim -> mounts.put(claim, "claims/" + claim));
        return new Sources(root, mounts);
    }
}
