package io.vlfinetune.cli.report;

import io.vlfinetune.api.FailureStatus;
import io.vlfinetune.api.ProofStatus;

/** How a run ended and what was proved, in a line. */
final class Outcome {
    private Outcome() {}

    /** A word, with a sign for those who do not see the colour. */
    static String word(RunReport run) {
        return run.succeeded() ? "✓ Succeeded" : "✗ Failed";
    }

    /** The cause of a failure, or the proof. */
    static String sentence(RunReport run) {
        if (!run.succeeded()) {
            FailureStatus failure = run.status().failure();
            return failure == null ? run.message() : failure.reason() + ": " + failure.message();
        }
        return proof(run);
    }

    /** What became of the frozen tensors. */
    static String proof(RunReport run) {
        ProofStatus proof = run.status().proof();
        if (proof == null) {
            return "there is no proof";
        }
        String changed = proof.changedTensors() + " trained tensors changed";
        if (proof.frozenTensors() == 0) {
            return "nothing was declared frozen; " + changed;
        }
        return proof.holds()
                ? "all " + proof.frozenTensors() + " frozen tensors are bit for bit those of the base model; " + changed
                : "only " + proof.verified() + " of " + proof.frozenTensors()
                        + " frozen tensors are those of the base model";
    }
}
