package io.vlfinetune.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import io.vlfinetune.api.EvaluationSource;
import io.vlfinetune.api.OutputSelection;
import io.vlfinetune.api.OutputSpec;
import io.vlfinetune.api.PhaseSpec;
import io.vlfinetune.api.TrainingSource;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Json;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.contract.RunConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads run.json. The API server has checked the resource it came from; what a hand-written one lacks is named here. */
final class RunFile {
    private final Path file;

    private RunFile(Path file) {
        this.file = file;
    }

    /**
     * Reads a run.
     *
     * @throws TrainerException InvalidSpec, naming line and field, for anything that cannot be carried out
     */
    static RunConfiguration read(Path file) {
        return new RunFile(file).read();
    }

    private RunConfiguration read() {
        RunConfiguration run;
        try {
            run = Json.strict().readValue(Files.readString(file), RunConfiguration.class);
        } catch (JsonProcessingException problem) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    file + ": line " + problem.getLocation().getLineNr() + ": " + words(problem),
                    problem);
        } catch (IOException problem) {
            throw new TrainerException(Reason.TrainerError, file + " cannot be read: " + problem.getMessage(), problem);
        }
        if (run == null) {
            throw invalid("it holds nothing");
        }
        if (run.formatVersion() != RunConfiguration.FORMAT_VERSION) {
            throw invalid("formatVersion " + run.formatVersion() + ", but this trainer reads "
                    + RunConfiguration.FORMAT_VERSION + "; use the trainer image of the operator's release");
        }
        requireWhole(run);
        requireSense(run.training());
        requireSense(run.output());
        Numbers.require(run.training());
        Numbers.require(run.freeze());
        return run;
    }

    private static String words(JsonProcessingException problem) {
        if (problem instanceof UnrecognizedPropertyException unknown) {
            Collection<Object> known = unknown.getKnownPropertyIds();
            return path(unknown) + ": unknown field; known here are "
                    + (known == null
                            ? "none"
                            : known.stream().map(String::valueOf).sorted().collect(Collectors.joining(", ")));
        }
        return problem instanceof JsonMappingException mapping
                        && !mapping.getPath().isEmpty()
                ? path(mapping) + ": " + problem.getOriginalMessage()
                : problem.getOriginalMessage();
    }

    /** Where a problem stands, such as {@code freeze.rules[0].layers}. */
    private static String path(JsonMappingException problem) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference step : problem.getPath()) {
            if (step.getFieldName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getFieldName());
            }
        }
        return path.toString();
    }

    private void requireWhole(RunConfiguration run) {
        require("namespace", run.namespace());
        require("name", run.name());
        require("uid", run.uid());
        require("model", run.model());
        require("data", run.data());
        require("freeze", run.freeze());
        require("training", run.training());
        require("output", run.output());
        require("model.source", run.model().source());
        require("output.destination", run.output().destination());
        for (int i = 0; i < run.data().train().size(); i++) {
            TrainingSource source = run.data().train().get(i);
            require("data.train[" + i + "].source", source.source());
        }
        if (run.data().train().isEmpty()) {
            throw invalid("data.train is missing");
        }
        for (int i = 0; i < run.data().evaluation().size(); i++) {
            EvaluationSource source = run.data().evaluation().get(i);
            require("data.evaluation[" + i + "].source", source.source());
        }
        requireNames(
                "data.evaluation",
                run.data().evaluation().stream().map(EvaluationSource::name).toList());
        requireNames(
                "freeze.phases",
                run.freeze().phases().stream().map(PhaseSpec::name).toList());
    }

    private void require(String field, @Nullable Object value) {
        if (value == null) {
            throw invalid(field + " is missing");
        }
    }

    /** Metrics, plan and status tell them apart by their names alone. */
    private void requireNames(String list, List<String> names) {
        for (int i = 0; i < names.size(); i++) {
            require(list + "[" + i + "].name", names.get(i));
            int first = names.indexOf(names.get(i));
            if (first < i) {
                throw invalid(list + "[" + i + "].name: " + names.get(i) + " is the name of " + list + "[" + first
                        + "] already; give each a name of its own");
            }
        }
    }

    private static void requireSense(TrainingSpec training) {
        if ((training.epochs() == null) == (training.steps() == null)) {
            throw new TrainerException(Reason.InvalidSpec, "spec.training: give exactly one of epochs and steps");
        }
        if (training.earlyStopping() != null && training.evaluateEvery() == null) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    "spec.training.earlyStopping: it looks at evaluations: give spec.training.evaluateEvery as well");
        }
    }

    private static void requireSense(OutputSpec output) {
        if ((output.select() == OutputSelection.Best) == (output.metric() == null)) {
            throw new TrainerException(Reason.InvalidSpec, "spec.output: select: Best and metric go together");
        }
    }

    private TrainerException invalid(String what) {
        return new TrainerException(Reason.InvalidSpec, file + ": " + what);
    }
}
