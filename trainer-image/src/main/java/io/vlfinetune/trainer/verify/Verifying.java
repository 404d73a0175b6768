package io.vlfinetune.trainer.verify;

import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.freeze.ModelTensors;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compares a fine-tuned folder, whoever made it, with its base model tensor by tensor. Files are mapped and read once
 * from front to end; the engine is not loaded.
 */
public final class Verifying {
    /**
     * What to compare.
     *
     * @param base Hugging Face folder of the base model
     * @param tuned Hugging Face folder of the fine-tuned model
     * @param freeze what was declared frozen; null takes the plan that this trainer wrote into the tuned folder, or
     *     nothing if there is none
     * @param declaredIn where {@code freeze} was read, for people
     */
    public record Request(Path base, Path tuned, @Nullable FreezeSpec freeze, String declaredIn) {}

    /** Told how far the comparison is. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Bytes of the base model that are compared.
         *
         * @param done never fewer than before
         * @param all bytes in all
         */
        void compared(long done, long all);
    }

    private final Checkpoint base;
    private final Checkpoint tuned;
    private final @Nullable Declaration declaration;
    private final Progress progress;
    private final long allBytes;
    private long doneBytes;

    private Verifying(
            Checkpoint base, Checkpoint tuned, @Nullable Declaration declaration, Progress progress, long allBytes) {
        this.base = base;
        this.tuned = tuned;
        this.declaration = declaration;
        this.progress = progress;
        this.allBytes = allBytes;
    }

    /**
     * Compares.
     *
     * @throws TrainerException ModelUnsupported, if one folder holds no model of a known family, an adapter, or models
     *     of two families; InvalidSpec, if the declaration does not fit the base model; SourceUnavailable
     */
    public static Verification verify(Request request, Progress progress) {
        try (Checkpoint base = Checkpoint.open(request.base);
                Checkpoint tuned = TunedFolder.open(request.tuned)) {
            Family family = Families.of(base.config());
            requireOneFamily(base, tuned);
            Checkpoint whole = TensorPairs.withoutTiedCopy(family, base);
            ModelTensors table = family.blueprint(whole).table(whole).spelled(family::layoutFreeKey);
            TensorPairs found = TensorPairs.of(family, table, tuned);
            TunedFolder.requireNoAdapter(request.tuned, found.added());
            Declaration declaration = declaration(request, family, table).orElse(null);
            long bytes = found.pairs().stream()
                    .mapToLong(pair -> base.fileOf(pair.base().name())
                            .info(pair.base().name())
                            .bytes())
                    .sum();
            Verifying work = new Verifying(base, tuned, declaration, progress, bytes);
            List<VerifiedTensor> tensors = new ArrayList<>();
            found.pairs().forEach(pair -> tensors.add(work.tensor(pair)));
            return Verification.of(
                    request.base.toString(),
                    request.tuned.toString(),
                    family.name(),
                    declaration == null ? null : declaration.source(),
                    tensors,
                    found.added());
        }
    }

    private static void requireOneFamily(Checkpoint base, Checkpoint tuned) {
        String wanted = base.config().path("model_type").asText();
        String given = tuned.config().path("model_type").asText();
        if (!wanted.equals(given)) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    "%s: model_type is \"%s\", but that of the base model %s is \"%s\"; give the model that it was tuned from"
                            .formatted(tuned.folder().resolve(Checkpoint.CONFIG), given, base.folder(), wanted));
        }
    }

    private static Optional<Declaration> declaration(Request request, Family family, ModelTensors table) {
        FreezeSpec freeze = request.freeze;
        return freeze == null
                ? Declaration.besideWeights(request.tuned, family, table)
                : Optional.of(new Declaration(request.declaredIn, Declaration.frozenThroughout(freeze, table)));
    }

    private VerifiedTensor tensor(TensorPairs.Pair pair) {
        TensorInfo before = base.fileOf(pair.base().name()).info(pair.base().name());
        String name = pair.tuned();
        if (name == null) {
            return told(pair, Likeness.Missing, before, null, null);
        }
        TensorInfo after = tuned.fileOf(name).info(name);
        if (!StoredValues.decodes(after.dtype())) {
            throw new TrainerException(
                    Reason.ModelUnsupported,
                    tuned.folder() + ": tensor " + name + ": dtype " + after.dtype()
                            + " is not supported for weights; a quantized model must be written as F32, F16 or BF16"
                            + " first");
        }
        if (!after.shape().equals(before.shape())) {
            return told(pair, Likeness.Reshaped, before, after, null);
        }
        Difference difference = Difference.between(
                StoredValues.of(base, before.name()),
                StoredValues.of(tuned, name),
                elements ->
                        progress.compared(doneBytes + elements * before.dtype().bytes(), allBytes));
        boolean oneType = before.dtype() == after.dtype();
        Likeness likeness =
                difference.none() ? oneType ? Likeness.Identical : Likeness.StoredOtherwise : Likeness.Changed;
        return told(pair, likeness, before, after, difference);
    }

    private VerifiedTensor told(
            TensorPairs.Pair pair,
            Likeness likeness,
            TensorInfo before,
            @Nullable TensorInfo after,
            @Nullable Difference difference) {
        doneBytes += before.bytes();
        progress.compared(doneBytes, allBytes);
        Boolean frozen = declaration == null
                ? null
                : declaration.frozen().contains(pair.base().name());
        boolean same = likeness == Likeness.Identical || likeness == Likeness.StoredOtherwise;
        Difference changed = difference == null || difference.none() ? null : difference;
        return new VerifiedTensor(
                pair.name(),
                after == null || after.name().equals(pair.name()) ? null : after.name(),
                pair.role().role(),
                pair.role().part(),
                pair.role().role().layered() ? pair.role().layer() : null,
                frozen,
                likeness,
                Boolean.TRUE.equals(frozen) && !same,
                before.shape(),
                before.dtype().name(),
                after == null || after.shape().equals(before.shape()) ? null : after.shape(),
                after == null || after.dtype() == before.dtype()
                        ? null
                        : after.dtype().name(),
                before.elements(),
                changed == null ? null : changed.differing(),
                changed == null ? null : changed.largest(),
                changed == null || changed.notFinite() == 0 ? null : changed.notFinite(),
                changed == null
                        ? null
                        : changed.rounded().stream()
                                .sorted()
                                .map(DType::name)
                                .findFirst()
                                .orElse(null));
    }
}
