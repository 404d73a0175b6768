package io.vlfinetune.trainer;

import io.vlfinetune.api.DataFormat;
import io.vlfinetune.api.DataSpec;
import io.vlfinetune.api.EvaluationSource;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.data.DataFile;
import io.vlfinetune.trainer.data.Dataset;
import io.vlfinetune.trainer.data.MediaRoot;
import io.vlfinetune.trainer.family.Family;
import io.vlfinetune.trainer.processor.ChatProcessor;
import io.vlfinetune.trainer.source.Sources;
import io.vlfinetune.trainer.training.TrainingLoop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The data files of a run, opened and checked before the first step. */
final class DataSets implements AutoCloseable {
    private final Family family;
    private final Path model;
    private final int maxLength;
    private final Map<Path, ChatProcessor> processors = new LinkedHashMap<>();

    private DataSets(Family family, Path model, int maxLength) {
        this.family = family;
        this.model = model;
        this.maxLength = maxLength;
    }

    /** Data for one model. */
    static DataSets of(PlannedModel planned, int maxLength) {
        return new DataSets(planned.family(), planned.checkpoint().folder(), maxLength);
    }

    /** All data files of a declaration, in its order. */
    static List<DataFile> files(DataSpec spec, Sources sources) {
        List<DataFile> files = new ArrayList<>(trainingFiles(spec, sources));
        for (int i = 0; i < spec.evaluation().size(); i++) {
            files.add(evaluationFile(spec, sources, i));
        }
        return files;
    }

    private static List<DataFile> trainingFiles(DataSpec spec, Sources sources) {
        List<DataFile> files = new ArrayList<>();
        for (int i = 0; i < spec.train().size(); i++) {
            TrainingSource source = spec.train().get(i);
            files.add(file(sources, source.source(), "spec.data.train[" + i + "].source", source.format()));
        }
        return files;
    }

    private static DataFile evaluationFile(DataSpec spec, Sources sources, int index) {
        EvaluationSource source = spec.evaluation().get(index);
        return file(sources, source.source(), "spec.data.evaluation[" + index + "].source", source.format());
    }

    private static DataFile file(Sources sources, String uri, String field, DataFormat format) {
        return new DataFile(sources.resolve(uri, field), format);
    }

    private static @Nullable Path media(DataSpec spec, Sources sources) {
        String declared = spec.mediaRoot();
        return declared == null ? null : sources.resolve(declared, "spec.data.mediaRoot");
    }

    /** Opens and checks all samples. */
    TrainingLoop.Data open(DataSpec spec, Sources sources) {
        Path media = media(spec, sources);
        Map<String, Dataset> evaluation = new LinkedHashMap<>();
        Dataset train = open(trainingFiles(spec, sources), media);
        for (int i = 0; i < spec.evaluation().size(); i++) {
            evaluation.put(spec.evaluation().get(i).name(), open(List.of(evaluationFile(spec, sources, i)), media));
        }
        return new TrainingLoop.Data(train, evaluation);
    }

    /** Opens one data set; without a media root each file's own folder is it. */
    Dataset open(List<DataFile> files, @Nullable Path mediaRoot) {
        // Asked before its folder is taken for the media root: that there is no such folder would mislead.
        files.forEach(DataSets::requireThere);
        List<Dataset.Source> sources = new ArrayList<>();
        for (DataFile file : files) {
            Path folder = mediaRoot != null
                    ? mediaRoot
                    : Objects.requireNonNull(file.path().toAbsolutePath().getParent());
            ChatProcessor processor = processor(folder);
            sources.add(new Dataset.Source(file, processor.media(), processor));
        }
        return Dataset.open(sources, Dataset.DEFAULT_CACHE_BYTES);
    }

    /** All of them share the first one's tokenizer. */
    private ChatProcessor processor(Path folder) {
        ChatProcessor known = processors.get(folder);
        if (known != null) {
            return known;
        }
        MediaRoot media = MediaRoot.open(folder);
        ChatProcessor made = processors.isEmpty()
                ? family.processor(model, media, maxLength)
                : processors.values().iterator().next().at(media);
        processors.put(folder, made);
        return made;
    }

    /** The processor of the one media root that was opened. */
    ChatProcessor processor() {
        if (processors.size() != 1) {
            throw new IllegalStateException(processors.size() + " media roots");
        }
        return processors.values().iterator().next();
    }

    private static void requireThere(DataFile file) {
        if (!Files.exists(file.path())) {
            throw new TrainerException(Reason.SourceUnavailable, file.name() + ": there is no such data file");
        }
    }

    @Override
    public void close() {
        processors.values().stream().findFirst().ifPresent(ChatProcessor::close);
    }
}
