package io.vlfinetune.cli;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.vlfinetune.cli.resource.ResourceException;
import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command that holds the others. */
@Command(
        name = "vlft",
        mixinStandardHelpOptions = true,
        version = "vlft 0.1.0-SNAPSHOT",
        header = "Fine-tunes vision-language models: what is frozen is declared, executed and proved.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  vlft demo                                       three ways to freeze a small model, compared (no cluster)",
            "  vlft run -f examples/digits/projector-only.yaml one run on this machine, followed to its end",
            "  vlft plan -f run.yaml                           what a run would train, tensor by tensor",
            "  vlft evaluate --model DIR --data test.jsonl     loss and accuracy of a model folder",
            "  vlft verify --base DIR --tuned DIR              which tensors of a fine-tuned folder changed, whoever made it",
            "",
            "Exit codes: 0 done, 2 wrong usage, 10-70 the trainer's reason (10 InvalidSpec, 11 DataInvalid,",
            "12 ModelUnsupported, 14 Diverged, 15 FrozenTensorChanged, 20 OutOfMemory, 50 OutputFailed, 70 TrainerError),",
            "40 stopped after a checkpoint, 1 anything else."
        })
final class Vlft implements Runnable {
    @Spec
    @Nullable
    private CommandSpec spec;

    private Vlft() {}

    /** Runs one command; never throws for what a user can do wrong. */
    static int execute(Surroundings surroundings, String... arguments) {
        CommandLine line = new CommandLine(new Vlft())
                .addSubcommand(new DemoCommand(surroundings))
                .addSubcommand(new RunCommand(surroundings))
                .addSubcommand(new PlanCommand(surroundings))
                .addSubcommand(new EvaluateCommand(surroundings))
                .addSubcommand(new VerifyCommand(surroundings))
                .addSubcommand(new CommandLine.HelpCommand())
                .setOut(new PrintWriter(surroundings.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        surroundings.colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(120)
                .setExecutionExceptionHandler((problem, command, parsed) -> explain(surroundings, problem));
        return line.execute(arguments);
    }

    private static int explain(Surroundings surroundings, Exception problem) throws Exception {
        return switch (problem) {
            case ResourceException wrong -> {
                wrong.problems().forEach(surroundings.err()::println);
                yield Reason.InvalidSpec.exitCode().orElseThrow();
            }
            case TrainerException known -> {
                surroundings.err().println(known.reason() + ": " + known.getMessage());
                yield known.reason().exitCode().orElse(1);
            }
            case IOException _, KubernetesClientException _ -> {
                surroundings.err().println("vlft: " + problem.getMessage());
                yield 1;
            }
            default -> throw problem;
        };
    }

    /** Without a command: says which there are. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                Objects.requireNonNull(spec).commandLine(), "give a command: demo, run, plan, evaluate or verify");
    }
}
