package io.vlfinetune.trainer.testing;

import io.vlfinetune.trainer.data.EncodedSample;
import io.vlfinetune.trainer.engine.DType;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.family.Blueprint;
import io.vlfinetune.trainer.family.Families;
import io.vlfinetune.trainer.model.Batch;
import io.vlfinetune.trainer.model.Executor;
import io.vlfinetune.trainer.weights.Checkpoint;
import io.vlfinetune.trainer.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** A checkpoint with its weights, closed together. */
public record LoadedModel(Checkpoint checkpoint, Blueprint blueprint, Weights weights) implements AutoCloseable {
    public static LoadedModel open(Ops ops, Path folder, Set<String> trainable) {
        return open(ops, folder, trainable, DType.F32);
    }

    public static LoadedModel open(Ops ops, Path folder, Set<String> trainable, DType precision) {
        Checkpoint checkpoint = Checkpoint.open(folder);
        Blueprint blueprint = Families.of(checkpoint.config()).blueprint(checkpoint);
        Weights weights = new Weights(ops, checkpoint, blueprint.chain().tensors(), trainable, precision);
        return new LoadedModel(checkpoint, blueprint, weights);
    }

    public Executor executor(Executor.Mode mode) {
        return new Executor(blueprint.chain(), weights, mode);
    }

    public Batch batch(Ops ops, List<EncodedSample> samples) {
        return Batch.of(ops, samples, blueprint.padToken(), blueprint.imageToken());
    }

    @Override
    public void close() {
        weights.close();
        checkpoint.close();
    }
}
