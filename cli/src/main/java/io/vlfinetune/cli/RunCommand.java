package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.cli.embedded.WorkFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vlft run}. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        header = "Runs VLFineTune resources on this machine and follows them to their end.",
        description = {
            "",
            "The same operator and the same trainer as on a cluster; the server is inside this process, and this machine",
            "is its node. Runs for which there is no room wait. Ctrl-C stops every trainer after a checkpoint (exit code 40)."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  vlft run -f run.yaml                          follow one run",
            "  vlft run -f a.yaml -f b.yaml -o json          two runs; a JSON list of both objects at the end",
            "  vlft run -f run.yaml --work out               keep everything in ./out; the same again resumes",
            "",
            "The exit code is the trainer's of the last attempt; of several runs the highest."
        })
final class RunCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(
            names = {"-f", "--filename"},
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "YAML with one or more VLFineTune resources. file://./x in it is relative to the file.")
    private List<Path> files = new ArrayList<>();

    @Mixin
    private OutputOption output = new OutputOption();

    @Mixin
    private WorkOption work = new WorkOption();

    @Mixin
    private ServerOption server = new ServerOption();

    RunCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        List<ObjectNode> resources = Resources.load(
                files.stream().map(surroundings.folder()::resolve).toList());
        try (WorkFolder folder = work.open(surroundings)) {
            return new EmbeddedRuns(surroundings, server, output.json()).execute(folder, resources, (client, runs) -> {
                print(folder, runs);
                new Reports(surroundings, folder, client).write(runs);
            });
        }
    }

    private void print(WorkFolder folder, List<VLFineTune> runs) {
        for (VLFineTune run : runs) {
            if (!RunEnd.succeeded(run)) {
                Path logs = folder.run(run.getMetadata().getName());
                surroundings.err().println("  logs: " + logs + "/attempt-*.log");
            }
        }
        if (output.json()) {
            OutputOption.print(surroundings.out(), runs.size() == 1 ? runs.getFirst() : runs);
        }
    }
}
