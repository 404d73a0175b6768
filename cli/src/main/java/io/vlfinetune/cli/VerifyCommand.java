package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.VLFineTuneSpec;
import io.vlfinetune.cli.resource.ResourceException;
import io.vlfinetune.contract.ExitCodes;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.verify.Verification;
import io.vlfinetune.trainer.verify.Verifying;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vlft verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        header = "Checks any fine-tuned folder, also one made by another tool, against what was declared frozen.",
        description = {
            "",
            "Every tensor of the base model is compared with the same tensor of the tuned one, whatever files, order and"
                    + " key layout they have. A frozen tensor whose numbers are the same in another type (LLaMA-Factory"
                    + " and save_pretrained may write F32 for BF16) is reported and is no leak; any other difference is.",
            "",
            "What was frozen says FILE; without it the vlfinetune.json of a folder that vlft made; without both nothing"
                    + " was declared, and the result says which parts and layers were in fact trained."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  vlft verify --base models/llava --tuned saves/llava-sft                 what was in fact trained?",
            "  vlft verify --base models/llava --tuned saves/llava-sft -f frozen.yaml  did anything frozen leak?",
            "  vlft verify --base B --tuned T -f frozen.yaml -o json | jq -r '.leaked[]?'",
            "",
            "Exit codes: 0 nothing leaked (or nothing was declared), 15 a frozen tensor changed or is missing,",
            "10 FILE is wrong or does not fit the base model, 12 a folder holds no model that can be compared."
        })
final class VerifyCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(
            names = "--base",
            required = true,
            paramLabel = "DIR",
            description = "Model folder in Hugging Face layout that training began from.")
    private Path base = Path.of("");

    @Option(names = "--tuned", required = true, paramLabel = "DIR", description = "Model folder that came out of it.")
    private Path tuned = Path.of("");

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            description = "YAML with one VLFineTune resource, of which spec.freeze counts.")
    private @Nullable Path file;

    @Mixin
    private OutputOption output = new OutputOption();

    VerifyCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        Path folder = surroundings.folder();
        ProgressBar bar = new ProgressBar(surroundings);
        Verification verification;
        try {
            verification = Verifying.verify(
                    new Verifying.Request(folder.resolve(base), folder.resolve(tuned), freeze(), String.valueOf(file)),
                    bar::show);
        } finally {
            bar.clear();
        }
        if (output.json()) {
            OutputOption.print(surroundings.out(), verification);
        } else {
            new VerifyText(verification, surroundings.colour()).lines().forEach(surroundings.out()::println);
        }
        return Boolean.FALSE.equals(verification.holds())
                ? Reason.FrozenTensorChanged.exitCode().orElseThrow()
                : ExitCodes.DONE;
    }

    private @Nullable FreezeSpec freeze() throws Exception {
        if (file == null) {
            return null;
        }
        List<ObjectNode> resources =
                Resources.load(List.of(surroundings.folder().resolve(file)));
        if (resources.size() > 1) {
            throw new ResourceException(file + ": " + resources.size() + " resources; verify takes one at a time");
        }
        return Json.strict()
                .treeToValue(resources.getFirst().get("spec"), VLFineTuneSpec.class)
                .freeze();
    }
}
