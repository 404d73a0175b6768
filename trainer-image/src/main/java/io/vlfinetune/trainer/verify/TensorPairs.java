package io.vlfinetune.trainer.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.freeze.ModelTensors;
import io.vlfinetune.trainer.freeze.PlannedTensor;
import io.vlfinetune.trainer.freeze.TensorRole;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which tensor of the tuned model is which of the base model, whatever files, order and key layout they have.
 *
 * @param pairs every tensor of the base model in its order, then a head that the tuned model stores though it is tied
 * @param added keys of the tuned model that the base model has not
 */
record TensorPairs(List<Pair> pairs, List<String> added) {
    private static final String TIED = "tie_word_embeddings";

    TensorPairs {
        pairs = List.copyOf(pairs);
        added = List.copyOf(added);
    }

    /**
     * One comparison.
     *
     * @param name key to speak of it
     * @param role what it is for
     * @param base the base model's tensor
     * @param tuned key in the tuned model; null if it is missing
     */
    record Pair(
            String name,
            TensorRole role,
            PlannedTensor base,
            @Nullable String tuned) {}

    /**
     * The base model without a head that is stored though it is tied, which is the embedding once more. The trainer
     * would refuse such a checkpoint; to compare one there is no reason to.
     */
    static Checkpoint withoutTiedCopy(Family family, Checkpoint base) {
        if (!tied(base.config())) {
            return base;
        }
        Collection<String> names = base.tensors().keySet();
        Optional<String> head = names.stream()
                .filter(name -> family.layoutFreeKey(name).equals(Family.HEAD))
                .findFirst();
        Optional<String> embedding = names.stream()
                .filter(name -> name.endsWith(".embed_tokens.weight"))
                .findFirst();
        return head.isPresent() && embedding.isPresent() && oneTensor(base, head.get(), embedding.get())
                ? base.without(head.get())
                : base;
    }

    private static boolean oneTensor(Checkpoint base, String one, String other) {
        return base.fileOf(one).bytes(one).mismatch(base.fileOf(other).bytes(other)) < 0;
    }

    private static boolean tied(JsonNode config) {
        return config.path(TIED).asBoolean()
                || config.path("text_config").path(TIED).asBoolean();
    }

    /**
     * Finds the pairs.
     *
     * @throws TrainerException ModelUnsupported, if the tuned model holds a tensor twice, in two layouts, or none of the
     *     base model's
     */
    static TensorPairs of(Family family, ModelTensors table, Checkpoint tuned) {
        TreeMap<String, String> waiting = new TreeMap<>();
        for (String name : tuned.tensors().keySet()) {
            String other = waiting.put(family.layoutFreeKey(name), name);
            if (other != null) {
                throw refused(tuned, "tensors " + other + " and " + name + " are one in two key layouts; remove one");
            }
        }
        List<Pair> pairs = new ArrayList<>();
        @Nullable Pair embedding = null;
        for (PlannedTensor tensor : table.tensors()) {
            Pair pair =
                    new Pair(tensor.name(), tensor.role(), tensor, waiting.remove(family.layoutFreeKey(tensor.name())));
            pairs.add(pair);
            embedding = tensor.role().role() == Role.TokenEmbedding ? pair : embedding;
        }
        if (pairs.stream().allMatch(pair -> pair.tuned() == null)) {
            throw refused(
                    tuned,
                    "none of the base model's tensors is in it ("
                            + pairs.getFirst().name() + " …)");
        }
        if (embedding != null) {
            tie(table, tuned, embedding, waiting, pairs);
        }
        return new TensorPairs(pairs, List.copyOf(waiting.values()));
    }

    /** A tied head is the embedding by another name, so that either model may store it once or twice. */
    private static void tie(
            ModelTensors table, Checkpoint tuned, Pair embedding, TreeMap<String, String> waiting, List<Pair> pairs) {
        if (table.tiedHead()) {
            String head = waiting.remove(Family.HEAD);
            if (head != null) {
                pairs.add(new Pair(head, TensorRole.of(Role.OutputHead), embedding.base(), head));
            }
        } else if (tied(tuned.config())) {
            pairs.replaceAll(pair -> pair.role().role() == Role.OutputHead && pair.tuned() == null
                    ? new Pair(pair.name(), pair.role(), pair.base(), embedding.tuned())
                    : pair);
        }
    }

    private static TrainerException refused(Checkpoint tuned, String what) {
        return new TrainerException(Reason.ModelUnsupported, tuned.folder() + ": " + what);
    }
}
