package io.vlfinetune.trainer.source;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * Resolves the URIs of a declaration.
 *
 * @param root the trainer's folder, under which claims are mounted
 * @param mounts folder of each claim, relative to the root
 */
public record Sources(Path root, Map<String, String> mounts) {
    private static final String FILE = "file://";
    private static final String CLAIM = "pvc://";

    /** Keeps a copy of the mounts. */
    public Sources {
        mounts = Map.copyOf(mounts);
    }

    /**
     * The place a URI means: {@code file:///folder} or {@code pvc://claim/folder}.
     *
     * @param field path of the field in the resource, for messages
     * @throws TrainerException InvalidSpec, if the URI is of another kind, names a claim that is not mounted, or leaves
     *     its claim, by a link too
     */
    public Path resolve(String uri, String field) {
        try {
            return place(uri, field);
        } catch (InvalidPathException problem) {
            throw invalid(field, uri, "no path: " + problem.getReason());
        }
    }

    /**
     * The folder a URI means, of which no file may lie outside its claim.
     *
     * @throws TrainerException InvalidSpec, as {@link #resolve} does, or if a file is a link that leads elsewhere
     */
    public SourceFolder folder(String uri, String field) {
        Path path = resolve(uri, field);
        SourceFolder folder = uri.startsWith(CLAIM)
                ? new SourceFolder(path, mount(uri, field), field)
                : SourceFolder.ofThisMachine(path, field);
        folder.requireInside();
        return folder;
    }

    private Path place(String uri, String field) {
        if (uri.startsWith(FILE)) {
            Path path = Path.of(uri.substring(FILE.length()));
            if (!path.isAbsolute()) {
                throw invalid(field, uri, "a relative file:// path has no meaning here; write file:///folder");
            }
            return path.normalize();
        }
        if (uri.startsWith(CLAIM)) {
            return claim(uri, field);
        }
        throw invalid(field, uri, "give pvc://claim/path or file:///path");
    }

    private Path claim(String uri, String field) {
        String rest = uri.substring(CLAIM.length());
        int slash = rest.indexOf('/');
        Path folder = mount(uri, field);
        Path path = folder.resolve(slash < 0 ? "" : rest.substring(slash + 1).replaceFirst("^/+", ""))
                .normalize();
        if (!path.startsWith(folder)) {
            throw invalid(field, uri, "the path leaves its claim");
        }
        requireNoLinkOut(path, folder, field, uri);
        return path;
    }

    private Path mount(String uri, String field) {
        String claim = uri.substring(CLAIM.length()).replaceFirst("/.*", "");
        String mount = mounts.get(claim);
        if (mount == null) {
            throw invalid(field, uri, "claim " + claim + " is not mounted");
        }
        return root.resolve(mount).normalize();
    }

    /** What is there of a path must be in its claim; the rest, such as a destination that is yet to be made, then is too. */
    private static void requireNoLinkOut(Path path, Path folder, String field, String uri) {
        Path there = path;
        while (there.startsWith(folder) && !Files.exists(there)) {
            there = Objects.requireNonNull(there.getParent());
        }
        try {
            if (there.startsWith(folder) && !there.toRealPath().startsWith(folder.toRealPath())) {
                throw invalid(
                        field,
                        uri,
                        "a link leads out of the claim, to " + there.toRealPath()
                                + "; put into the claim what is meant");
            }
        } catch (IOException problem) {
            throw new TrainerException(
                    Reason.SourceUnavailable,
                    field + ": " + uri + ": " + there + " cannot be read: " + problem,
                    problem);
        }
    }

    private static TrainerException invalid(String field, String uri, String message) {
        return new TrainerException(Reason.InvalidSpec, field + ": " + uri + ": " + message);
    }
}
