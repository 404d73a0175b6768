package io.vlfinetune.cli.resource;

/**
 * One thing that is wrong with a resource.
 *
 * @param path field path such as {@code spec.freeze.rules[2].layers}
 * @param message what is wrong, in the words of the API server
 */
public record Violation(String path, String message) {
    @Override
    public String toString() {
        return path.isEmpty() ? message : path + ": " + message;
    }
}
