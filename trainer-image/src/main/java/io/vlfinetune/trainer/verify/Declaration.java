package io.vlfinetune.trainer.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.freeze.ModelTensors;
import io.vlfinetune.trainer.freeze.PhasedPlan;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.output.OutputDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a fine-tuned model is held to.
 *
 * @param source where it was read, for people
 * @param frozen keys of the base model's tensors that must be what they were
 */
record Declaration(String source, Set<String> frozen) {
    private static final JsonMapper JSON = new JsonMapper();

    Declaration {
        frozen = Set.copyOf(frozen);
    }

    /** What a declaration freezes from the beginning of training to its end. */
    static Set<String> frozenThroughout(FreezeSpec freeze, ModelTensors table) {
        return PhasedPlan.resolve(freeze, table).whole().frozen().stream()
                .map(PlannedTensor::name)
                .collect(Collectors.toSet());
    }

    /**
     * The plan that this trainer wrote beside the weights; empty if another tool wrote them. Only what this needs is
     * read, since the document may come from another version.
     *
     * @throws TrainerException InvalidSpec, if it cannot be read or does not cover the base model
     */
    static Optional<Declaration> besideWeights(Path tuned, Family family, ModelTensors table) {
        Path file = tuned.resolve(OutputDocument.FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        Map<String, Boolean> trainable = new HashMap<>();
        try {
            for (JsonNode tensor : JSON.readTree(file.toFile()).at("/plan/tensors")) {
                JsonNode trains = tensor.path("trainable");
                if (trains.isBoolean()) {
                    trainable.put(family.layoutFreeKey(tensor.path("name").asText()), trains.booleanValue());
                }
            }
        } catch (IOException problem) {
            throw unusable(file, "it cannot be read: " + problem.getMessage());
        }
        Set<String> frozen = new TreeSet<>();
        for (PlannedTensor tensor : table.tensors()) {
            Boolean trains = trainable.get(family.layoutFreeKey(tensor.name()));
            if (trains == null) {
                throw unusable(file, "its plan does not name " + tensor.name() + " of the base model");
            }
            if (!trains) {
                frozen.add(tensor.name());
            }
        }
        return Optional.of(new Declaration(file.toString(), frozen));
    }

    private static TrainerException unusable(Path file, String what) {
        return new TrainerException(
                Reason.InvalidSpec, file + ": " + what + "; say what was frozen with -f FILE, or remove this file");
    }
}
