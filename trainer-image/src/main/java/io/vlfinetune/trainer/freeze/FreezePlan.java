package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is trained and what is not, tensor by tensor, over one phase or the whole run. A pure function of the declaration
 * and the checkpoint's headers.
 *
 * @param table every tensor with its role
 * @param decisions what the declaration says of each tensor, ordered by name
 * @param warnings rules that do not do what they seem to, by field
 */
public record FreezePlan(ModelTensors table, Map<String, Decision> decisions, List<String> warnings) {
    /** Keeps unmodifiable views in the given order. */
    public FreezePlan {
        decisions = Collections.unmodifiableMap(new LinkedHashMap<>(decisions));
        warnings = List.copyOf(warnings);
    }

    /** Resolves the switches and rules of a run without phases; see {@link #resolve(FreezeSpec, String, ModelTensors)}. */
    public static FreezePlan resolve(FreezeSpec spec, ModelTensors table) {
        return resolve(spec, "spec.freeze", table);
    }

    /**
     * Resolves a declaration: first the switches, then the rules in order, so that the last one that matches decides.
     *
     * @param path where the declaration stands in the resource
     * @throws TrainerException InvalidSpec, if a rule matches nothing, a tied head and its embedding are asked for apart, or nothing
     *     would be trained
     */
    static FreezePlan resolve(FreezeSpec spec, String path, ModelTensors table) {
        return resolve(Rules.of(spec, path, table), table);
    }

    /** The same for rules that were read. */
    static FreezePlan resolve(Rules rules, ModelTensors table) {
        if (table.tiedHead()) {
            requireTogether(rules, table);
        }
        Map<String, Decision> decisions = new LinkedHashMap<>();
        table.tensors().forEach(tensor -> decisions.put(tensor.name(), rules.decide(tensor)));
        FreezePlan plan = new FreezePlan(table, decisions, rules.warnings(table));
        plan.requireWork(rules.path());
        return plan;
    }

    /** A tied head is the token embedding by another name, so that both names must be given the same answer. */
    private static void requireTogether(Rules rules, ModelTensors table) {
        List<PlannedTensor> embeddings = table.tensors().stream()
                .filter(one -> one.role().role() == Role.TokenEmbedding)
                .toList();
        for (PlannedTensor embedding : embeddings) {
            // By role and part it is the head; by name it is still the only tensor there is.
            PlannedTensor head = new PlannedTensor(
                    embedding.name(), TensorRole.of(Role.OutputHead), embedding.shape(), embedding.dtype());
            Decision asked = rules.decide(embedding);
            Decision askedOfHead = rules.decide(head);
            if (asked.sameAs(askedOfHead)) {
                continue;
            }
            throw new TrainerException(
                    Reason.InvalidSpec,
                    "%s: %s, but in this model both are one tensor, %s (config.json: tie_word_embeddings); write the same rule for both"
                            .formatted(
                                    rules.lastThatParts(embedding, head),
                                    apart(asked, askedOfHead),
                                    embeddings.stream().map(PlannedTensor::name).collect(Collectors.joining(", "))));
        }
    }

    private static String apart(Decision embedding, Decision head) {
        if (embedding.frozen() == head.frozen()) {
            return "%s would be trained with %s and %s with %s"
                    .formatted(Role.TokenEmbedding, rate(embedding), Role.OutputHead, rate(head));
        }
        return embedding.frozen()
                ? Role.TokenEmbedding + " would be frozen and " + Role.OutputHead + " trained"
                : Role.OutputHead + " would be frozen and " + Role.TokenEmbedding + " trained";
    }

    private static String rate(Decision decision) {
        return decision.learningRate() == null
                ? "its part's learning rate"
                : "learning rate " + decision.learningRate();
    }

    private void requireWork(String path) {
        Set<String> trainable = trainable();
        if (trainable.isEmpty()) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    path
                            + ": the plan trains nothing, all %d tensors are frozen; leave a part unfrozen or add a rule with frozen: false"
                                    .formatted(table.tensors().size()));
        }
        if (Collections.disjoint(trainable, table.read())) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    path
                            + ": the plan trains nothing, since the model reads none of the trainable tensors (%s …); unfreeze a part that the model reads"
                                    .formatted(trainable.iterator().next()));
        }
    }

    /** What the declaration says of a tensor. */
    public Decision decision(String name) {
        return Objects.requireNonNull(decisions.get(name), name);
    }

    /** Whether a tensor is trained. */
    public boolean trains(String name) {
        Decision decision = decisions.get(name);
        return decision != null && !decision.frozen();
    }

    /** Names of the tensors that get gradients and optimizer state, ordered by name. */
    public Set<String> trainable() {
        Set<String> names = new LinkedHashSet<>();
        decisions.forEach((name, decision) -> {
            if (!decision.frozen()) {
                names.add(name);
            }
        });
        return Collections.unmodifiableSet(names);
    }

    /** The frozen tensors, ordered by name. */
    public List<PlannedTensor> frozen() {
        return table.tensors().stream().filter(tensor -> !trains(tensor.name())).toList();
    }

    /** Parameters of the whole model. */
    public long totalParameters() {
        return table.tensors().stream().mapToLong(PlannedTensor::parameters).sum();
    }

    /** Parameters that are trained. */
    public long trainableParameters() {
        return table.tensors().stream()
                .filter(tensor -> trains(tensor.name()))
                .mapToLong(PlannedTensor::parameters)
                .sum();
    }

    /** Whether anything of a part is trained. */
    public boolean trains(Part part) {
        return table.tensors().stream().anyMatch(tensor -> tensor.role().part() == part && trains(tensor.name()));
    }
}
