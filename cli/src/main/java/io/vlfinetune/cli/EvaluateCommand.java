package io.vlfinetune.cli;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.trainer.Evaluating;
import io.vlfinetune.trainer.EvaluationResult;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vlft evaluate}. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        header = "Measures loss and accuracy of a model folder on a data file, in Float32.",
        description = {
            "",
            "Loss is the mean over the assistant's tokens; accuracy the share of samples whose answer tokens are all right."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  vlft evaluate --model examples/digits/base --data examples/digits/data/test.jsonl",
            "  vlft evaluate --model out/claims/models/digits-full --data test.jsonl -o json",
            "  vlft evaluate --model out/claims/models/digits-full --data test.jsonl --predictions answers.jsonl"
        })
final class EvaluateCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "Model folder in Hugging Face layout, base or trained.")
    private Path model = Path.of("");

    @Option(names = "--data", required = true, paramLabel = "FILE", description = "A .jsonl, .json or .parquet file.")
    private Path data = Path.of("");

    @Option(
            names = "--format",
            paramLabel = "F",
            defaultValue = "Auto",
            description = "${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
    private DataFormat format = DataFormat.Auto;

    @Option(
            names = "--media-root",
            paramLabel = "DIR",
            description = "Folder that image paths are relative to. Default: the folder of the data file.")
    private @Nullable Path mediaRoot;

    @Option(
            names = "--max-length",
            paramLabel = "TOKENS",
            defaultValue = "2048",
            description = "Longest sample; a longer one is an error. Default: ${DEFAULT-VALUE}.")
    private int maxLength;

    @Option(
            names = "--predictions",
            paramLabel = "FILE",
            description = "Also let the model answer the last question of every sample itself (greedy) and write"
                    + " {\"sample\", \"answer\", \"prediction\"} lines there.")
    private @Nullable Path predictions;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "TOKENS",
            defaultValue = "128",
            description = "Longest answer in --predictions. Default: ${DEFAULT-VALUE}.")
    private int maxNewTokens;

    @Mixin
    private OutputOption output = new OutputOption();

    EvaluateCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Path folder = surroundings.folder();
        EvaluationResult result = Evaluating.evaluate(
                new Evaluating.Request(
                        folder.resolve(model),
                        folder.resolve(data),
                        format,
                        mediaRoot == null ? null : folder.resolve(mediaRoot),
                        maxLength,
                        predictions == null ? null : folder.resolve(predictions),
                        maxNewTokens),
                this::progress);
        if (surroundings.terminal()) {
            surroundings.err().print("\r\u001b[K");
        }
        if (output.json()) {
            OutputOption.print(surroundings.out(), result);
        } else {
            surroundings
                    .out()
                    .printf(
                            Locale.ROOT,
                            "samples %d, tokens %d, loss %.6f, accuracy %.4f%n",
                            result.samples(),
                            result.tokens(),
                            result.loss(),
                            result.accuracy());
        }
        return 0;
    }

    private void progress(int done, int all) {
        if (surroundings.terminal()) {
            surroundings.err().print("\r" + done + "/" + all + " samples");
        }
    }
}
