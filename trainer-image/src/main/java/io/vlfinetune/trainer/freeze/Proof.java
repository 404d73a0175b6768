package io.vlfinetune.trainer.freeze;

import io.vlfinetune.api.ProofStatus;
import io.vlfinetune.trainer.weights.Checkpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What became of every tensor, by comparing the written model with the base model byte for byte.
 *
 * @param frozenTensors tensors that were declared frozen
 * @param leaked those of them whose bytes differ; any is a failure of the run
 * @param changed trainable tensors whose bytes differ
 * @param unused trainable tensors that no gradient reached in any step
 * @param unchangedAfterRounding trainable tensors that a gradient reached and whose stored bytes are the same
 */
public record Proof(
        int frozenTensors,
        List<String> leaked,
        List<String> changed,
        List<String> unused,
        List<String> unchangedAfterRounding) {
    private static final int NAMES = 64;

    /** Keeps copies of the lists. JSON leaves out those that are empty. */
    public Proof {
        leaked = copy(leaked);
        changed = copy(changed);
        unused = copy(unused);
        unchangedAfterRounding = copy(unchangedAfterRounding);
    }

    private static List<String> copy(@Nullable List<String> names) {
        return names == null ? List.of() : List.copyOf(names);
    }

    /**
     * Compares two checkpoints.
     *
     * @param base what training began from
     * @param trained what was written
     * @param plan what was declared
     * @param reached trainable tensors that a gradient reached
     */
    public static Proof of(Checkpoint base, Checkpoint trained, FreezePlan plan, Set<String> reached) {
        List<String> leaked = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        List<String> unused = new ArrayList<>();
        List<String> unchanged = new ArrayList<>();
        for (PlannedTensor tensor : plan.table().tensors()) {
            String name = tensor.name();
            boolean equal = base.fileOf(name).holdsTheSame(name, trained.fileOf(name));
            if (!plan.trains(name)) {
                if (!equal) {
                    leaked.add(name);
                }
            } else if (!equal) {
                changed.add(name);
            } else if (reached.contains(name)) {
                unchanged.add(name);
            } else {
                unused.add(name);
            }
        }
        return new Proof(plan.frozen().size(), leaked, changed, unused, unchanged);
    }

    /** The proof as the run's status shows it. */
    public ProofStatus status() {
        return new ProofStatus(
                frozenTensors,
                frozenTensors - leaked.size(),
                changed.size(),
                unused.stream().limit(NAMES).toList(),
                unchangedAfterRounding.stream().limit(NAMES).toList());
    }
}
