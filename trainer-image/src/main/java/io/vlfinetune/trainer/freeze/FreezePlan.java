package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.Part;
import io.vlfinetune.api.Role;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is trained and what is not, tensor by tensor. A pure function of the declaration and the checkpoint's headers.
 *
 * @param table every tensor with its role
 * @param trainable names of the tensors that get gradients and optimizer state, ordered by name
 */
public record FreezePlan(ModelTensors table, Set<String> trainable) {
    /** Keeps an unmodifiable view in the given order. */
    public FreezePlan {
        trainable = Collections.unmodifiableSet(new LinkedHashSet<>(trainable));
    }

    /**
     * Resolves a declaration: first the switches, then the rules in order, so that the last one that matches decides.
     *
     * @throws TrainerException InvalidSpec, if a rule matches nothing, a tied head and its embedding are asked for apart, or nothing
     *     would be trained
     */
    public static FreezePlan resolve(FreezeSpec spec, ModelTensors table) {
        List<Selector> selectors = new ArrayList<>();
        for (int i = 0; i < spec.rules().size(); i++) {
            selectors.add(Selector.of(spec.rules().get(i), "spec.freeze.rules[" + i + "]", table));
        }
        if (table.tiedHead()) {
            requireTogether(spec, selectors, table);
        }
        Set<String> trainable = new LinkedHashSet<>();
        for (PlannedTensor tensor : table.tensors()) {
            if (!frozen(spec, selectors, tensor.role())) {
                trainable.add(tensor.name());
            }
        }
        FreezePlan plan = new FreezePlan(table, trainable);
        plan.requireWork();
        return plan;
    }

    private static boolean frozen(FreezeSpec spec, List<Selector> selectors, TensorRole role) {
        for (int i = selectors.size() - 1; i >= 0; i--) {
            if (selectors.get(i).selects(role)) {
                FreezeRule rule = spec.rules().get(i);
                return rule.frozen();
            }
        }
        return spec.frozen(role.part());
    }

    /** A tied head is the token embedding by another name, so that both names must be given the same answer. */
    private static void requireTogether(FreezeSpec spec, List<Selector> selectors, ModelTensors table) {
        TensorRole embedding = TensorRole.of(Role.TokenEmbedding);
        TensorRole head = TensorRole.of(Role.OutputHead);
        boolean frozenEmbedding = frozen(spec, selectors, embedding);
        if (frozenEmbedding == frozen(spec, selectors, head)) {
            return;
        }
        String tensor = table.tensors().stream()
                .filter(one -> one.role().equals(embedding))
                .map(PlannedTensor::name)
                .collect(Collectors.joining(", "));
        // The answers differ, so there is a rule that means only one of the two.
        int rule = selectors.size() - 1;
        while (selectors.get(rule).selects(embedding) == selectors.get(rule).selects(head)) {
            rule--;
        }
        throw new TrainerException(
                Reason.InvalidSpec,
                "spec.freeze.rules[%d]: %s would be frozen and %s trained, but in this model both are one tensor, %s (config.json: tie_word_embeddings); write the same rule for both"
                        .formatted(
                                rule,
                                frozenEmbedding ? Role.TokenEmbedding : Role.OutputHead,
                                frozenEmbedding ? Role.OutputHead : Role.TokenEmbedding,
                                tensor));
    }

    private void requireWork() {
        if (trainable.isEmpty()) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    "spec.freeze: the plan trains nothing, all %d tensors are frozen; leave a part unfrozen or add a rule with frozen: false"
                            .formatted(table.tensors().size()));
        }
        if (Collections.disjoint(trainable, table.read())) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    "spec.freeze: the plan trains nothing, since the model reads none of the trainable tensors (%s …); unfreeze a part that the model reads"
                            .formatted(trainable.iterator().next()));
        }
    }

    /** Whether a tensor is trained. */
    public boolean trains(String name) {
        return trainable.contains(name);
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
