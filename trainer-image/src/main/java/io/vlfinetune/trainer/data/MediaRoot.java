package io.vlfinetune.trainer.data;

import io.vlfinetune.contract.Reason;
import io.vlfinetune.trainer.TrainerException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * The folder beneath which all images of a data set lie. Nothing outside it is ever opened: neither through {@code ..},
 * nor by an absolute path, nor by a symbolic link. Safe for use by several threads.
 */
public final class MediaRoot {
    private static final int SHOWN = 60;

    private final Path given;
    private final Path real;

    private MediaRoot(Path given, Path real) {
        this.given = given;
        this.real = real;
    }

    /**
     * Opens a media root.
     *
     * @throws TrainerException SourceUnavailable when it is missing, DataInvalid when it is no folder
     */
    public static MediaRoot open(Path folder) {
        Path given = folder.toAbsolutePath().normalize();
        try {
            if (Files.isDirectory(given)) {
                return new MediaRoot(given, given.toRealPath());
            }
        } catch (IOException e) {
            throw new TrainerException(
                    Reason.SourceUnavailable, "data.mediaRoot " + folder + " cannot be read: " + e.getMessage(), e);
        }
        if (!Files.exists(given)) {
            throw new TrainerException(
                    Reason.SourceUnavailable, "data.mediaRoot " + folder + ": there is no such folder");
        }
        throw new TrainerException(
                Reason.DataInvalid, "data.mediaRoot " + folder + " is not a folder; give the folder of the images");
    }

    /**
     * Checks that an image is there, without decoding it.
     *
     * @return the bytes of its file; empty if the data file holds the image
     * @throws TrainerException DataInvalid when it is missing, lies outside, or its data URI is malformed;
     *     SourceUnavailable when its file cannot be looked at
     */
    public OptionalLong check(Content.Image image, SampleLocation location) {
        if (image.bytes() != null) {
            return OptionalLong.empty(); // it came with its sample
        }
        if (isDataUri(image.reference())) {
            dataUri(image.reference(), location);
            return OptionalLong.empty();
        }
        Path path = resolve(image.reference(), location);
        try {
            return OptionalLong.of(Files.size(path));
        } catch (IOException e) {
            throw unreadable(image.reference(), location, e);
        }
    }

    /**
     * Reads and decodes an image.
     *
     * @throws TrainerException DataInvalid when it is missing, lies outside, or is broken
     */
    public RgbImage load(Content.Image image, SampleLocation location) {
        String reference = image.reference();
        try {
            return ImageDecoder.decode(bytes(image, location));
        } catch (IOException e) {
            throw location.invalid("image " + shown(reference) + " is broken: " + e.getMessage(), e);
        }
    }

    private byte[] bytes(Content.Image image, SampleLocation location) {
        ImageBytes embedded = image.bytes();
        if (embedded != null) {
            return embedded.file();
        }
        String reference = image.reference();
        return isDataUri(reference) ? dataUri(reference, location) : file(reference, location);
    }

    private byte[] file(String reference, SampleLocation location) {
        Path path = resolve(reference, location);
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw unreadable(reference, location, e);
        }
    }

    private static TrainerException unreadable(String reference, SampleLocation location, IOException e) {
        return new TrainerException(
                Reason.SourceUnavailable,
                location + ": image " + shown(reference) + " cannot be read: " + e.getMessage(),
                e);
    }

    private Path resolve(String reference, SampleLocation location) {
        Path path = path(reference, location).normalize();
        if (!path.startsWith(given) && !path.startsWith(real)) {
            throw outside(reference, location);
        }
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw missing(reference, location);
        }
        Path target;
        try {
            target = path.toRealPath();
        } catch (IOException e) {
            throw missing(reference, location);
        }
        if (!target.startsWith(real)) {
            throw outside(reference, location);
        }
        if (!Files.isRegularFile(target)) {
            throw location.invalid("image " + shown(reference) + " is not a file");
        }
        return target;
    }

    private Path path(String reference, SampleLocation location) {
        if (reference.isBlank()) {
            throw location.invalid("an image reference is empty; give a path or a data: URI");
        }
        try {
            if (reference.startsWith("file:")) {
                return Path.of(URI.create(reference));
            }
            if (reference.matches("[A-Za-z][A-Za-z0-9+.-]*://.*")) {
                throw location.invalid("image " + shown(reference)
                        + " is not a file; images are not fetched during training: put it beneath data.mediaRoot");
            }
            return given.resolve(reference);
        } catch (IllegalArgumentException e) { // a URI or path that is not well-formed, or file://host/
            throw location.invalid("image " + shown(reference) + " is not a path: " + e.getMessage(), e);
        }
    }

    private static boolean isDataUri(String reference) {
        return reference.regionMatches(true, 0, "data:", 0, 5);
    }

    /** RFC 2397, base64 only: an image in percent-encoding is not in use anywhere. */
    private static byte[] dataUri(String reference, SampleLocation location) {
        int comma = reference.indexOf(',');
        String header = comma < 0 ? "" : reference.substring(0, comma).toLowerCase(Locale.ROOT);
        if (!header.startsWith("data:image/") || !header.endsWith(";base64")) {
            throw location.invalid("malformed data URI " + shown(reference) + "; expected data:image/png;base64,…");
        }
        try {
            byte[] bytes = Base64.getDecoder()
                    .decode(reference.substring(comma + 1).strip().getBytes(StandardCharsets.US_ASCII));
            if (bytes.length > 0) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            throw location.invalid("malformed data URI " + shown(reference) + ": " + e.getMessage(), e);
        }
        throw location.invalid("malformed data URI " + shown(reference) + ": there is no data");
    }

    private TrainerException missing(String reference, SampleLocation location) {
        return location.invalid("image " + shown(reference) + " is missing beneath data.mediaRoot " + given);
    }

    private TrainerException outside(String reference, SampleLocation location) {
        return location.invalid(
                "image " + shown(reference) + " leaves data.mediaRoot " + given + "; put images beneath it");
    }

    /** A data URI may have megabytes: a message shows its beginning. */
    private static String shown(String reference) {
        return reference.length() <= SHOWN || !isDataUri(reference) ? reference : reference.substring(0, SHOWN) + "…";
    }
}
