package io.vlfinetune.trainer.source;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A declared folder, and where its files may lie, wherever links lead. A run reads with rights that whoever filled the
 * folder need not have, and writes copies into its output: a link to a secret must not fetch it.
 *
 * @param path the folder
 * @param root folder beneath which its files must really be
 * @param field path of the field in the resource, for messages
 */
public record SourceFolder(Path path, Path root, String field) {
    /** A folder of the user's own machine, read with the user's own rights: its links may lead anywhere. */
    public static SourceFolder ofThisMachine(Path path, String field) {
        return new SourceFolder(path, path.toAbsolutePath().getRoot(), field);
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException absent) {
            return path.toAbsolutePath();
        }
    }

    /**
     * Looks at all files of the folder.
     *
     * @throws TrainerException InvalidSpec, if one of them lies elsewhere
     */
    void requireInside() {
        try (Stream<Path> files = Files.list(path)) {
            files.filter(Files::isRegularFile).toList().forEach(this::requireInside);
        } catch (IOException | UncheckedIOException unreadable) {
            // Whoever opens the model says so, with what it needs of it.
        }
    }

    /**
     * Looks at one file of the folder.
     *
     * @throws TrainerException InvalidSpec, if it lies elsewhere; SourceUnavailable, if that cannot be told
     */
    public void requireInside(Path file) {
        Path target;
        try {
            target = file.toRealPath();
        } catch (IOException problem) {
            throw new TrainerException(
                    Reason.SourceUnavailable,
                    field + ": " + file + " cannot be read: " + problem + "; see who changes the folder meanwhile",
                    problem);
        }
        if (!target.startsWith(real(root))) {
            throw new TrainerException(
                    Reason.InvalidSpec,
                    field + ": " + file + " is a link to " + target + ", outside of " + root
                            + "; put the file itself there");
        }
    }
}
