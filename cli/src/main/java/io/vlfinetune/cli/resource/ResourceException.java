package io.vlfinetune.cli.resource;

import java.util.List;

/** A resource file that cannot be used. Each problem is one line: file, line, field path, what is wrong. */
public final class ResourceException extends Exception {
    private final transient List<String> problems;

    /** All that was found wrong, not only the first. */
    public ResourceException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    /** A single problem. */
    public ResourceException(String problem) {
        this(List.of(problem));
    }

    /** One line each. */
    public List<String> problems() {
        return problems;
    }
}
