package io.vlfinetune.trainer.source;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

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
     *     its claim
     */
    public Path resolve(String uri, String field) {
        try {
            return place(uri, field);
        } catch (InvalidPathException problem) {
            throw invalid(field, uri, "no path: " + problem.getReason());
        }
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
        String claim = slash < 0 ? rest : rest.substring(0, slash);
        String mount = mounts.get(claim);
        if (mount == null) {
            throw invalid(field, uri, "claim " + claim + " is not mounted");
        }
        Path folder = root.resolve(mount).normalize();
        Path path = folder.resolve(slash < 0 ? "" : rest.substring(slash + 1).replaceFirst("^/+", ""))
                .normalize();
        if (!path.startsWith(folder)) {
            throw invalid(field, uri, "the path leaves its claim");
        }
        return path;
    }

    private static TrainerException invalid(String field, String uri, String message) {
        return new TrainerException(Reason.InvalidSpec, field + ": " + uri + ": " + message);
    }
}
