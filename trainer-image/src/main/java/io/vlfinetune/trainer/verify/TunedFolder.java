package io.vlfinetune.trainer.verify;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Opens what some tool left behind, and says what to do where that is no whole model. */
final class TunedFolder {
    private static final String MERGE = "merge it into its base model first: PeftModel.from_pretrained(base, adapter)"
            + ".merge_and_unload().save_pretrained(DIR), or llamafactory-cli export";

    private TunedFolder() {}

    /**
     * Opens the folder.
     *
     * @throws TrainerException ModelUnsupported, if it holds an adapter, or weights in another format; and as {@link
     *     Checkpoint#open}
     */
    static Checkpoint open(Path folder) {
        if (Files.isDirectory(folder)
                && !Files.exists(folder.resolve(Checkpoint.SINGLE))
                && !Files.exists(folder.resolve(Checkpoint.INDEX))) {
            explain(folder);
        }
        return Checkpoint.open(folder);
    }

    private static void explain(Path folder) {
        List<String> names;
        try (Stream<Path> files = Files.list(folder)) {
            names = files.map(file -> Objects.requireNonNull(file.getFileName()).toString())
                    .sorted()
                    .toList();
        } catch (IOException problem) {
            throw new TrainerException(
                    Reason.SourceUnavailable, folder + " cannot be read: " + problem.getMessage(), problem);
        }
        for (String name : names) {
            if (name.startsWith("adapter_model.") || name.equals("adapter_config.json")) {
                throw refused(folder, "an adapter (" + name + ") and no model; " + MERGE);
            }
        }
        for (String name : names) {
            if (name.startsWith("pytorch_model") || name.endsWith(".distcp") || name.startsWith("global_step")) {
                throw refused(
                        folder,
                        "weights in another format (" + name
                                + "); load them with transformers and write them with save_pretrained(DIR)");
            }
        }
        names.stream()
                .filter(name -> name.startsWith("checkpoint-"))
                .findFirst()
                .ifPresent(name -> {
                    throw refused(folder, "no weights itself, but checkpoints; name one of them, such as " + name);
                });
    }

    /** Refuses adapters that were saved among a model's tensors. */
    static void requireNoAdapter(Path folder, List<String> added) {
        added.stream()
                .filter(name -> name.contains(".lora_") || name.contains(".base_layer."))
                .findFirst()
                .ifPresent(name -> {
                    throw refused(folder, "an adapter that is not merged (tensor " + name + "); " + MERGE);
                });
    }

    private static TrainerException refused(Path folder, String what) {
        return new TrainerException(Reason.ModelUnsupported, folder + " holds " + what);
    }
}
